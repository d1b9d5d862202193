// The page for models that take rows of a table.

import { makeAnswer } from "./answer.js";
import { fetchJson, makeAsker } from "./ask.js";

const byId = (id) => document.getElementById(id);

const model = await fetchJson("/api/model");
document.title = `${model.name}: fill in and see`;
byId("model").textContent = `${model.name} · ${model.data}`;
byId("model").title = model.run;
const hasTypical = model.columns.every((column) => column.typical !== null);
byId("help").textContent = hasTypical
  ? "A field left empty counts as the value shown in it, the usual one in training."
  : "The net answers once every field is filled in.";

const answer = makeAnswer(model);
const inputs = model.columns.map(makeField);

function makeField(column, number) {
  const field = document.createElement("div");
  field.className = "field";
  const label = document.createElement("label");
  label.textContent = column.name;
  label.htmlFor = `field-${number}`;
  const input = document.createElement("input");
  Object.assign(input, { type: "number", step: "any", inputMode: "decimal", id: label.htmlFor });
  input.placeholder = column.typical ?? "";
  field.append(label, input);
  if (column.hint) {
    const hint = document.createElement("small");
    hint.textContent = column.hint;
    hint.id = `hint-${number}`;
    input.setAttribute("aria-describedby", hint.id);
    field.append(hint);
  }
  byId("form").append(field);
  return input;
}

/** The row, with what is usual in empty fields; null where one is missing or no number. */
function row() {
  return inputs.map((input, i) => {
    const isBad = input.validity.badInput;
    input.setAttribute("aria-invalid", String(isBad));
    if (isBad) return null;
    return input.value === "" ? model.columns[i].typical : input.valueAsNumber;
  });
}

function question() {
  const values = row();
  byId("clear").disabled = inputs.every((input) => input.value === "" && !input.validity.badInput);
  if (values.includes(null)) return null;
  const headers = { "Content-Type": "application/json" };
  return { method: "POST", headers, body: JSON.stringify({ rows: [values] }) };
}

function show(found) {
  if (found) return answer.show(found.predictions[0]);
  const missing = row().filter((value) => value === null).length;
  answer.hint(`${missing} ${missing === 1 ? "field" : "fields"} to fill in`);
}

const ask = makeAsker(question, show, (error) => answer.fail(error));
byId("form").addEventListener("input", ask);
byId("form").addEventListener("submit", (event) => event.preventDefault());
byId("clear").addEventListener("click", () => {
  byId("form").reset();
  inputs[0].focus();
  ask();
});
ask();
