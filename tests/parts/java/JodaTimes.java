import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.joda.time.DateTimeZone;
import org.joda.time.Instant;
import org.joda.time.format.DateTimeFormat;
import org.joda.time.format.DateTimeFormatter;

/**
 * Answers line by line, tab separated: "write LAYOUT MILLIS" with the text, "read LAYOUT ZONE TEXT" with milliseconds.
 * What Joda-Time refuses is "refused".
 */
public final class JodaTimes {
    public static void main(String[] arguments) throws Exception {
        BufferedReader questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        PrintStream answers = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        for (String line = questions.readLine(); line != null; line = questions.readLine()) {
            answers.println(answer(line.split("\t", -1)));
        }
        answers.flush();
    }

    private static String answer(String[] question) {
        try {
            DateTimeFormatter layout = DateTimeFormat.forPattern(question[1]).withLocale(java.util.Locale.ENGLISH);
            if (question[0].equals("write")) {
                return layout.withZone(DateTimeZone.UTC).print(Long.parseLong(question[2]));
            }
            DateTimeZone zone = DateTimeZone.forID(question[2]);
            return Long.toString(layout.withZone(zone).parseMillis(question[3]));
        } catch (IllegalArgumentException refusal) {
            return "refused";
        }
    }
}
