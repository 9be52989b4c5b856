// Asks all dialects for the same users, one after the other, and shows what they answer.
"use strict";

const form = document.getElementById("ask");
const state = document.getElementById("state");
const dialects = [...document.getElementById("dialects").content.children].map((e) => ({ ...e.dataset }));

function element(name, properties, ...children) {
  const e = Object.assign(document.createElement(name), properties);
  e.append(...children);
  return e;
}

// secret returns the credential to ask with.
async function secret() {
  const own = document.getElementById("token");
  if (own) return own.value.trim();
  const response = await fetch("/docs/token", { method: "POST" });
  if (!response.ok) throw new Error(`no token for visitors: status ${response.status}`);
  return (await response.json()).token;
}

// ask returns the answer to a request and how long the server took, in microseconds.
async function ask(url, headers) {
  const response = await fetch(url, { headers, cache: "no-store" });
  const body = await response.text();
  const took = /dur=([0-9.]+)/.exec(response.headers.get("Server-Timing") ?? "");
  return { response, body, micros: took ? Math.round(took[1] * 1000) : undefined };
}

// json returns the answer of Roster's own API.
async function json(path, token) {
  const { response, body } = await ask(path, { Authorization: "Bearer " + token });
  if (!response.ok) throw new Error(`${path} is answered ${response.status}: ${body}`);
  return JSON.parse(body);
}

// filled puts values in the place of names in a sample; several are separated by commas.
function filled(sample, company, users) {
  return sample
    .replaceAll("{company_id}", company)
    .replaceAll(/\{(id|number|email)\}/g, (_, name) => users.map((u) => encodeURIComponent(u[name])).join(","));
}

// indented returns JSON on several lines, another text as it is.
function indented(body) {
  try {
    return JSON.stringify(JSON.parse(body), null, 2);
  } catch {
    return body;
  }
}

function row(d, { response, body, micros }, again) {
  const number = (n) => element("td", { className: "number" }, n === undefined ? "–" : n.toLocaleString("en"));
  return element("tr", {}, element("th", { scope: "row" }, d.title), number(response.status),
    number(new TextEncoder().encode(body).length), number(micros), number(again.micros),
    element("td", {}, response.headers.get("Roster-Version") ?? "–"),
    element("td", {}, element("code", {}, response.headers.get("ETag") ?? "–")));
}

function table(rows) {
  const columns = ["API", "Status", "Bytes", "µs, first", "µs, again", "Version", "ETag"];
  const head = columns.map((name, i) => element("th", { scope: "col", className: i > 0 && i < 5 ? "number" : "" }, name));
  const box = element("div", { className: "scroll", tabIndex: 0, role: "group", ariaLabel: "Figures" });
  box.append(element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)));
  return box;
}

async function compare(token, sample, company, users) {
  const rows = [], bodies = element("div", { className: "bodies" });
  for (const d of dialects) {
    const path = d.base + filled(d[sample], company, users);
    const headers = { [d.header]: d.scheme + token };
    const answer = await ask(path, headers);
    rows.push(row(d, answer, await ask(path, headers)));
    bodies.append(element("section", {}, element("h3", {}, d.title), element("p", {}, "GET " + path),
      element("pre", { tabIndex: 0 }, indented(answer.body))));
  }
  document.querySelector(`[data-sample="${sample}"]`).replaceChildren(table(rows), bodies);
}

async function run() {
  const button = form.querySelector("button");
  button.disabled = true;
  state.textContent = "Asking …";
  try {
    const token = await secret();
    const own = dialects.find((d) => d.name === "native").base;
    const { id } = await json(own + "/organization", token);
    const { items } = await json(own + "/users?filter=status%3Dactive&page_size=5", token);
    await compare(token, "user", id, items.slice(0, 1));
    await compare(token, "list", id, items);
    state.textContent = "";
  } catch (error) {
    state.textContent = error.message;
  } finally {
    button.disabled = false;
  }
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  run();
});
if (!document.getElementById("token")) run();
