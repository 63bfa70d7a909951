import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const folder = new URL("../../instseg_ui/ui/viewer/", import.meta.url);
const read = (name) => readFileSync(new URL(name, folder), "utf8");

test("markup and style hold nothing that Gradio's templates would interpret", () => {
  for (const name of ["viewer.html", "viewer.css"]) assert.doesNotMatch(read(name), /[`\\]|\$\{|\{\{/, name);
});

test("the style holds no rule that is void inside a scope", () => {
  assert.doesNotMatch(read("viewer.css"), /@keyframes|@import|@font-face/);
});

test("every part the code asks for is in the markup", () => {
  const markup = read("viewer.html");
  for (const file of readdirSync(new URL("static/", folder))) {
    for (const [, part] of read(`static/${file}`).matchAll(/\.part\("(\w+)"\)/g)) assert.ok(markup.includes(`data-part="${part}"`), `${part} of ${file}`);
  }
});

test("every class the code or markup uses is styled", () => {
  const style = read("viewer.css");
  const sources = ["viewer.html", ...readdirSync(new URL("static/", folder)).map((file) => `static/${file}`)];
  const used = new Set(sources.flatMap((name) => [...read(name).matchAll(/\bisv-[a-z]+\b/g)].map(([word]) => word)));
  for (const word of used) assert.ok(style.includes(word), word);
});
