import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";

const folder = new URL("../../instseg_ui/ui/viewer/", import.meta.url);
const bench = new URL("../../instseg_ui/ui/workbench/", import.meta.url);
const judge = new URL("../../instseg_ui/ui/judge/", import.meta.url);
const read = (name) => readFileSync(new URL(name, folder), "utf8");
/** The files of the viewers, of the panel beside them and of the questions. */
const named = (ending) => [folder, bench, judge].flatMap((place) => readdirSync(place).filter((file) => file.endsWith(ending)).map((file) => new URL(file, place).href));
const modules = readdirSync(new URL("static/", folder)).map((file) => `static/${file}`);

test("markup and style hold nothing that Gradio's templates would interpret", () => {
  for (const name of [...named(".html"), ...named(".css")]) assert.doesNotMatch(read(name), /[`\\]|\$\{|\{\{/, name);
});

test("the style holds no rule that is void inside a scope", () => {
  for (const name of named(".css")) assert.doesNotMatch(read(name), /@keyframes|@import|@font-face/, name);
});

test("every part the code asks for is in a markup", () => {
  const markup = named(".html").map(read).join("");
  for (const file of modules) {
    for (const [, part] of read(file).matchAll(/\bpart\("(\w+)"\)/g)) assert.ok(markup.includes(`data-part="${part}"`), `${part} of ${file}`);
  }
});

test("every class the code or markup uses is styled", () => {
  const [tray, list] = ["tray.css", "model_list.css"].map((name) => readFileSync(new URL(name, bench), "utf8"));
  const page = read("../page.css");
  const styles = { isv: read("viewer.css"), isg: read("grid.css"), iso: read("objects.css"), tray: tray + page, mlist: list + page, judge: readFileSync(new URL("judge.css", judge), "utf8") };
  for (const name of [...named(".html"), ...modules]) {
    for (const [word, family] of read(name).matchAll(/(?<![\w-])(is[vgo]|tray|mlist|judge)-[a-z]+\b/g)) assert.ok(styles[family].includes(word), `${word} of ${name}`);
  }
});

test("every event of a component is quoted where Gradio looks for it", () => {
  assert.match(read("on_load_grid.js"), /trigger\("settle"/);
  assert.match(read("on_load_grid.js"), /trigger\("reference"/);
});
