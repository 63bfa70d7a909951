/** Rules for the viewer's modules: what breaks, then what makes code hard to read. */

const browser = [
  "AbortController", "Blob", "CSS", "CustomEvent", "File", "Image", "IntersectionObserver", "MutationObserver", "Path2D", "ResizeObserver",
  "URL", "cancelAnimationFrame", "clearTimeout", "document", "navigator", "performance",
  "requestAnimationFrame", "requestIdleCallback", "setTimeout", "console", "window", "matchMedia",
];
const node = ["URL", "console", "process", "setTimeout", "structuredClone"];
const onLoad = ["URL", "element", "props", "trigger", "upload", "watch", "window", "console"];

const readonly = (names) => Object.fromEntries(names.map((name) => [name, "readonly"]));

const rules = {
  "array-callback-return": "error",
  "complexity": ["error", 12],
  "consistent-return": "error",
  "curly": ["error", "multi-line"],
  "default-case-last": "error",
  "eqeqeq": "error",
  "for-direction": "error",
  "getter-return": "error",
  "max-lines": ["error", 300],
  "max-lines-per-function": ["error", { max: 60, skipComments: true }],
  "no-alert": "error",
  "no-async-promise-executor": "error",
  "no-compare-neg-zero": "error",
  "no-cond-assign": "error",
  "no-console": ["error", { allow: ["error", "warn"] }],
  "no-const-assign": "error",
  "no-constant-condition": "error",
  "no-debugger": "error",
  "no-dupe-args": "error",
  "no-dupe-else-if": "error",
  "no-dupe-keys": "error",
  "no-duplicate-imports": "error",
  "no-empty": "error",
  "no-eval": "error",
  "no-fallthrough": "error",
  "no-implied-eval": "error",
  "no-redeclare": "error",
  "no-self-assign": "error",
  "no-self-compare": "error",
  "no-shadow": "error",
  "no-undef": "error",
  "no-unreachable": "error",
  "no-unsafe-finally": "error",
  "no-unused-expressions": "error",
  "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
  "no-use-before-define": ["error", { functions: false, variables: false }],
  "no-useless-escape": "error",
  "no-var": "error",
  "object-shorthand": "error",
  "prefer-const": "error",
  "prefer-template": "error",
  "use-isnan": "error",
  "valid-typeof": "error",
  // Data from a model or a file name must never be parsed as HTML.
  "no-restricted-properties": [
    "error",
    { property: "innerHTML", message: "Use textContent." },
    { property: "outerHTML", message: "Use textContent." },
    { property: "insertAdjacentHTML", message: "Use textContent." },
  ],
};

export default [
  { linterOptions: { reportUnusedDisableDirectives: "error" } },
  {
    files: ["instseg_ui/**/static/**/*.js"],
    languageOptions: { sourceType: "module", ecmaVersion: 2023, globals: readonly(browser) },
    rules,
  },
  {
    files: ["instseg_ui/**/on_load*.js"],
    languageOptions: { sourceType: "script", ecmaVersion: 2023, globals: readonly(onLoad) },
    rules,
  },
  {
    files: ["tests/js/**/*.js", "eslint.config.js"],
    languageOptions: { sourceType: "module", ecmaVersion: 2023, globals: readonly(node) },
    rules: { ...rules, "max-lines-per-function": "off" },
  },
];
