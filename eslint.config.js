// Rules for the JavaScript of dashboard/. The files of one component are joined into one module when it is mounted
// (see its Python), so each of them knows the names its neighbours declare.
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import js from "@eslint/js";
import globals from "globals";

const HERE = import.meta.dirname;
const DECLARATION = /^(?:const|let|class|(?:async )?function\*?)\s+([A-Za-z_$][\w$]*)/gm;

function scripts(folder) {
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".js"))
    .map((name) => join(folder, name));
}

function declared(file) {
  return [...readFileSync(file, "utf8").matchAll(DECLARATION)].map((found) => found[1]);
}

const files = scripts(join(HERE, "dashboard"));
const besideOthers = files.map((file) => {
  const neighbours = files.filter((other) => other !== file && dirname(other) === dirname(file));
  const names = neighbours.flatMap(declared);
  const used = neighbours.map((other) => readFileSync(other, "utf8")).join("\n");
  const shared = declared(file).filter((name) => new RegExp(`\\b${name}\\b`).test(used));
  return {
    files: [`**/${basename(dirname(file))}/${basename(file)}`],
    languageOptions: { globals: Object.fromEntries(names.map((name) => [name, "readonly"])) },
    rules: {
      "no-unused-vars": ["error", { varsIgnorePattern: shared.length ? `^(${shared.join("|")})$` : "^$" }],
    },
  };
});

export default [
  js.configs.recommended,
  {
    files: ["dashboard/**/*.js"],
    languageOptions: { ecmaVersion: 2023, sourceType: "module", globals: globals.browser },
    rules: {
      curly: ["error", "multi-line"],
      eqeqeq: "error",
      "no-shadow": "error",
      "no-var": "error",
      "one-var": ["error", "never"],
      "prefer-const": "error",
      "max-lines-per-function": ["error", { max: 60, skipComments: true }],
      "max-statements-per-line": ["error", { max: 1 }],
    },
  },
  ...besideOthers,
];
