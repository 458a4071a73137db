import java.util.LinkedHashMap;
import java.util.Map;
import org.codelibs.opensearch.runner.OpenSearchRunner;
import org.opensearch.common.settings.Settings;

/**
 * One OpenSearch node for the tests: {@code TestNode FOLDER name=value...}.
 *
 * <p>A value in brackets, {@code name=[a,b]}, is a list. The runner's own main class takes no settings, picks its port
 * itself and gives the node no ingest role, hence this one. SIGTERM closes the node; a failed start is exit code 1.
 */
public final class TestNode {
    private TestNode() {}

    public static void main(String[] arguments) {
        Map<String, String> settings = new LinkedHashMap<>();
        for (int i = 1; i < arguments.length; i++) {
            String[] pair = arguments[i].split("=", 2);
            settings.put(pair[0], pair[1]);
        }
        OpenSearchRunner runner = new OpenSearchRunner();
        runner.setMaxHttpPort(-1); // no search for another port when ours is taken
        runner.onBuild((number, builder) -> settings.forEach((name, value) -> put(builder, name, value)));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> close(runner)));
        try {
            runner.build("-basePath", arguments[0], "-numOfNode", "1", "-clusterName", "logsluice-tests", "-useLogger");
        } catch (RuntimeException failure) {
            failure.printStackTrace();
            System.exit(1);
        }
        waitForSignal();
    }

    private static void put(Settings.Builder builder, String name, String value) {
        if (value.startsWith("[")) {
            builder.putList(name, value.substring(1, value.length() - 1).split(","));
        } else {
            builder.put(name, value);
        }
    }

    private static void close(OpenSearchRunner runner) {
        try {
            runner.close();
        } catch (java.io.IOException failure) {
            failure.printStackTrace();
        }
    }

    private static void waitForSignal() {
        try {
            Thread.currentThread().join();
        } catch (InterruptedException end) {
            Thread.currentThread().interrupt();
        }
    }
}
