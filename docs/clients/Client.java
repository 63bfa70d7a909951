import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/** Segments one picture over HTTP: prints its instances, saves the drawn picture as out.jpg. */
public class Client {
    private static final String URL = "http://localhost:7860/instance-segmentation";
    private static final String STRING = "\"((?:[^\"\\\\]++|\\\\.)*+)\"";

    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length == 0) {
            fail("usage: java Client.java IMAGE [URL] [THRESHOLD] [MODEL]");
        }
        var request = HttpRequest.newBuilder(URI.create(args.length > 1 ? args[1] : URL))
                .header("Content-Type", "application/json")
                .timeout(Duration.ofMinutes(5)) // a model's first request loads it
                .POST(BodyPublishers.ofString(body(args)))
                .build();
        var response = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
        var answer = response.body();
        if (response.statusCode() != 200) {
            fail(values(answer, "errorMsg", STRING).get(0).translateEscapes());
        }
        var picture = values(answer, "image", STRING).get(0);
        Files.write(Path.of("out.jpg"), Base64.getDecoder().decode(picture));
        var names = values(answer, "categoryName", STRING);
        var scores = values(answer, "score", "([^\\s,}]+)");
        var boxes = values(answer, "bbox", "\\[([^]]*)]");
        for (int i = 0; i < names.size(); i++) {
            var score = rounded("%.3f", scores.get(i));
            var box = Pattern.compile(",").splitAsStream(boxes.get(i))
                    .map(corner -> rounded("%.1f", corner)).toList();
            System.out.println(names.get(i).translateEscapes() + " " + score + " " + box);
        }
    }

    private static String body(String[] args) throws IOException {
        var image = Base64.getEncoder().encodeToString(Files.readAllBytes(Path.of(args[0])));
        var threshold = args.length > 2 ? Double.valueOf(args[2]) : null;
        var model = args.length > 3 ? '"' + args[3].replaceAll("[\\\\\"]", "\\\\$0") + '"' : null;
        return "{\"image\": \"%s\", \"visualize\": true, \"threshold\": %s, \"model\": %s}"
                .formatted(image, threshold, model);
    }

    /** All values of a field. The JDK reads no JSON: in a project, take a library for it. */
    private static List<String> values(String json, String field, String value) {
        return Pattern.compile("\"" + field + "\"\\s*:\\s*" + value).matcher(json).results()
                .map(found -> found.group(1)).toList();
    }

    private static String rounded(String format, String number) {
        return String.format(Locale.ROOT, format, Double.valueOf(number));
    }

    private static void fail(String sentence) {
        System.err.println(sentence);
        System.exit(1);
    }
}
