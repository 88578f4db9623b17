// The page for trying the model by hand: sends what is typed to POST /predict and shows the answer. What the model takes
// is read from openapi.json; without it the page works all the same, with an input that may not fit.
const ids = ["state", "form", "data", "answer", "summary", "places", "raw", "features", "rows", "curl"];
const [state, form, data, answer, summary, places, raw, features, rows, curl] = ids.map((id) => document.getElementById(id));

let key = ""; // what a command needs besides, where a key is asked for
const body = () => `{"data": ${data.value.trim()}}`;

// All that this page knows of openapi.json: an example of the input, the features in their order, by name, and whether a
// key is asked for.
function readDocument(openapi) {
  const { requestBody, security = [] } = openapi.paths["/predict"].post;
  const content = requestBody.content["application/json"];
  const step = (node, key) => node[key.replaceAll("~1", "/").replaceAll("~0", "~")];
  const resolve = (schema = {}) =>
    schema.$ref ? resolve(schema.$ref.slice(2).split("/").reduce(step, openapi)) : schema;
  // The form with named features, wherever it stands among the others; {"b64": ...} is a string, not features.
  const named = (schema) => {
    const { properties, anyOf = [], oneOf = [], items } = resolve(schema);
    if (properties && !properties.b64) return properties;
    return [...anyOf, ...oneOf, ...(items ? [items] : [])].map(named).find(Boolean);
  };
  const input = resolve(content.schema).properties?.data;
  const example = content.example ?? Object.values(content.examples ?? {})[0]?.value;
  const list = Object.entries(named(input) ?? {}).map(([name, schema]) => feature(name, resolve(schema)));
  return { example: example?.data, features: list, keyed: security.length > 0 };
}

// One feature's row: its name, its type as the title "name: type" has it, and what else there is to say.
function feature(name, { title = "", type = "", description = "", enum: values, anyOf, minimum, maximum }) {
  const told = title.startsWith(`${name}: `) ? title.slice(name.length + 2) : String(type).replaceAll(",", " or ");
  const known = values ?? anyOf?.find((form) => form.enum)?.enum;
  const close = Math.max(Math.abs(minimum), Math.abs(maximum)) < 1e9; // larger ones are those of the type itself
  const range = known ? `One of ${known.join(", ")}.` : close ? `${minimum} to ${maximum}.` : "";
  return [name, told, [description, range].filter(Boolean).join(" ")];
}

// A number in an answer stays as it is written, where the browser can: an int64 may be too long for JavaScript's own.
const exactly = (key, value, context) =>
  typeof value === "number" && context && JSON.rawJSON ? JSON.rawJSON(context.source) : value;
const isPlain = (value) => typeof value !== "object" || value === null || JSON.isRawJSON?.(value);

// JSON in short lines, with arrays of plain values in one.
function pretty(value, indent = "") {
  if (isPlain(value)) return JSON.stringify(value);
  const deeper = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((part) => pretty(part, deeper))
    : Object.entries(value).map(([name, part]) => `${JSON.stringify(name)}: ${pretty(part, deeper)}`);
  const [start, end] = Array.isArray(value) ? "[]" : "{}";
  const flat = start + parts.join(", ") + end;
  const short = start === "[" && (value.every(isPlain) || (flat.length <= 60 && !flat.includes("\n")));
  if (short || !parts.length) return flat;
  return `${start}\n${parts.map((part) => deeper + part).join(",\n")}\n${indent}${end}`;
}

function element(tag, ...children) {
  const made = document.createElement(tag);
  made.append(...children);
  return made;
}

function showInput() {
  const quoted = body().replaceAll("'", "'\\''");
  data.rows = Math.min(Math.max(data.value.split("\n").length, 2), 20);
  curl.textContent = `curl ${key}-d '${quoted}' ${new URL("predict", location)}`;
}

async function showDocument() {
  try {
    const { example, features: all, keyed } = readDocument(await (await fetch("openapi.json")).json());
    rows.replaceChildren(...all.map(([name, type, text]) =>
      element("tr", element("td", element("code", name)), element("td", type), element("td", text))));
    features.hidden = all.length === 0;
    if (keyed) key = "-H 'X-API-Key: YOUR-KEY' ";
    if (example !== undefined && data.value === data.defaultValue) data.value = pretty(example);
    showInput();
  } catch { /* no document, or none of a model that is up: the next answer asks again */ }
}

async function showState() {
  try {
    const ready = await fetch("readyz");
    const { models = {}, detail } = await ready.json();
    const versions = Object.entries(models).map(([model, all]) => `${model} version ${all.join(", ")}`);
    state.textContent = ready.ok ? `ready: ${versions.join("; ")}` : `not ready. ${detail}`;
  } catch {
    state.textContent = "the gateway does not answer";
  }
}

function show(text, failed) {
  let reply = {};
  try { reply = Object(JSON.parse(text, exactly)); text = pretty(reply); } catch { /* no JSON: shown as it came */ }
  const { title, detail, errors = [], warnings = [] } = reply;
  const fine = warnings.length ? "Answered, with warnings:" : "";
  summary.textContent = failed ? [title, detail].filter(Boolean).join(": ") : fine;
  places.replaceChildren(...[...errors, ...warnings].map((place) =>
    element("li", element("code", place.pointer ?? ""), ` ${place.detail ?? place}`)));
  raw.textContent = text;
  answer.classList.toggle("failed", failed);
  answer.hidden = false;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    const reply = await fetch("predict", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: body(),
    });
    show(await reply.text(), !reply.ok);
  } catch (error) {
    show(String(error), true);
  }
  showState();
  if (features.hidden) showDocument();
});
data.addEventListener("input", showInput);
data.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
});
showInput();
showState();
showDocument();
