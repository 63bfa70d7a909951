// Segments one picture over HTTP: prints its instances, saves the drawn picture as out.jpg.

using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;

if (args.Length == 0)
{
    Console.Error.WriteLine("usage: client IMAGE [URL] [THRESHOLD] [MODEL]");
    return 1;
}

var url = args.ElementAtOrDefault(1) ?? "http://localhost:7860/instance-segmentation";
var body = new JsonObject
{
    ["image"] = Convert.ToBase64String(await File.ReadAllBytesAsync(args[0])),
    ["visualize"] = true,
};
if (args.Length > 2)
{
    body["threshold"] = double.Parse(args[2], CultureInfo.InvariantCulture);
}
if (args.Length > 3)
{
    body["model"] = args[3];
}

// Five minutes: a model's first request loads it.
using var http = new HttpClient { Timeout = TimeSpan.FromMinutes(5) };
using var content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
using var response = await http.PostAsync(url, content);
var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
if (response.StatusCode != HttpStatusCode.OK)
{
    Console.Error.WriteLine(answer["errorMsg"]!.GetValue<string>());
    return 1;
}

var result = answer["result"]!;
var picture = Convert.FromBase64String(result["image"]!.GetValue<string>());
await File.WriteAllBytesAsync("out.jpg", picture);
foreach (var instance in result["instances"]!.AsArray())
{
    var name = instance!["categoryName"]!.GetValue<string>();
    var score = Format(instance["score"]!, "F3");
    var corners = instance["bbox"]!.AsArray().Select(corner => Format(corner!, "F1"));
    var box = string.Join(", ", corners);
    Console.WriteLine($"{name} {score} [{box}]");
}
return 0;

static string Format(JsonNode number, string format) =>
    number.GetValue<double>().ToString(format, CultureInfo.InvariantCulture);
