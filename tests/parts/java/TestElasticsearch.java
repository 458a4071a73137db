import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import org.elasticsearch.common.logging.LogConfigurator;
import org.elasticsearch.common.settings.Settings;
import org.elasticsearch.env.Environment;
import org.elasticsearch.node.Node;
import org.elasticsearch.plugins.PluginsLoader;

/**
 * One Elasticsearch node of version 8 or 9 for the tests: {@code TestElasticsearch FOLDER MODULES name=value...}.
 *
 * <p>Only the core is published as a library: what a node loads as a module is in a folder each under MODULES. A value
 * in brackets, {@code name=[a,b]}, is a list. SIGTERM closes the node; a failed start is exit code 1.
 */
public final class TestElasticsearch {
    private TestElasticsearch() {}

    public static void main(String[] arguments) throws InterruptedException {
        try {
            Node node = build(Path.of(arguments[0]).toAbsolutePath(), Path.of(arguments[1]), arguments);
            Runtime.getRuntime().addShutdownHook(new Thread(() -> close(node)));
            node.start();
        } catch (Throwable failure) {
            failure.printStackTrace();
            System.exit(1);
        }
        Thread.currentThread().join();
    }

    private static Node build(Path folder, Path modules, String[] arguments) throws Exception {
        Settings.Builder settings = Settings.builder()
            .put("path.home", folder.toString())
            .put("cluster.name", "logsluice-tests")
            .put("node.name", "node");
        for (int i = 2; i < arguments.length; i++) {
            String[] pair = arguments[i].split("=", 2);
            put(settings, pair[0], pair[1]);
        }
        LogConfigurator.setNodeName("node");
        LogConfigurator.configureESLogging();
        LogConfigurator.configureWithoutConfig(settings.build());
        Path configuration = Files.createDirectories(folder.resolve("config"));
        Set<?> bundles = bundles(modules);
        @SuppressWarnings("unchecked")
        PluginsLoader loader = PluginsLoader.createPluginsLoader((Set) bundles, Set.of(), Map.of(), false);
        return new Node(new Environment(settings.build(), configuration), loader);
    }

    /** Version 9 takes a second argument: whether a stable plugin's names are wanted. */
    private static Set<?> bundles(Path modules) throws ReflectiveOperationException {
        for (Method method : PluginsLoader.class.getMethods()) {
            if (method.getName().equals("loadModulesBundles")) {
                boolean one = method.getParameterCount() == 1;
                return (Set<?>) (one ? method.invoke(null, modules) : method.invoke(null, modules, false));
            }
        }
        throw new NoSuchMethodException("loadModulesBundles");
    }

    private static void put(Settings.Builder builder, String name, String value) {
        if (value.startsWith("[")) {
            builder.putList(name, value.substring(1, value.length() - 1).split(","));
        } else {
            builder.put(name, value);
        }
    }

    private static void close(Node node) {
        try {
            node.close();
        } catch (java.io.IOException failure) {
            failure.printStackTrace();
        }
    }
}
