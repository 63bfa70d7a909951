// Segments one picture over HTTP: prints its instances, saves the drawn picture as out.jpg.

import { readFile, writeFile } from "node:fs/promises";

const USAGE = "usage: node client.mjs IMAGE [URL] [THRESHOLD] [MODEL]";
const MILLISECONDS = 300_000; // a model's first request loads it

const [image, url = "http://localhost:7860/instance-segmentation", threshold, model] =
  process.argv.slice(2);
if (!image) {
  console.error(USAGE);
  process.exit(1);
}

// JSON.stringify leaves out what is undefined.
const response = await fetch(url, {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({
    image: await readFile(image, "base64"),
    visualize: true,
    threshold: threshold && Number(threshold),
    model,
  }),
  signal: AbortSignal.timeout(MILLISECONDS),
});
const { result, errorMsg } = await response.json();
if (response.status !== 200) {
  console.error(errorMsg);
  process.exit(1);
}

await writeFile("out.jpg", result.image, "base64");
for (const { categoryName, score, bbox } of result.instances) {
  const box = bbox.map((corner) => corner.toFixed(1)).join(", ");
  console.log(`${categoryName} ${score.toFixed(3)} [${box}]`);
}
