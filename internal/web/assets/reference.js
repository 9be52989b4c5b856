// Shows the OpenAPI document of a dialect, with a visitor's token where the server has some.
"use strict";

const place = document.getElementById("content");

// Scalar's validation would else try whether it can compile functions, which the page's policy forbids it.
globalThis.__zod_globalConfig = { jitless: true };

// visit returns a visitor's token and the id of the organization that it can read; nothing where the server has none.
async function visit() {
  if (place.dataset.visitors !== "true") return {};
  const response = await fetch("/docs/token", { method: "POST" });
  return response.ok ? await response.json() : {};
}

// prepare chooses what a request that is tried sends: the parameters of the sample if it is of the same path, and of
// others those that must be there.
function prepare(path, operation, organization) {
  const sample = new URL(place.dataset.list, location.origin);
  for (const parameter of operation.parameters ?? []) {
    const example = parameter.schema.example ?? parameter.schema.default;
    const sent = decodeURI(sample.pathname) === path ? sample.searchParams.get(parameter.name) : null;
    if (parameter.name === "company_id" && organization) {
      parameter.example = organization;
    } else if (sent !== null) {
      parameter.examples = { default: { value: sent.startsWith("{") ? example : sent } };
    } else if (!parameter.required) {
      parameter.examples = { default: { value: example, "x-disabled": true } };
    }
  }
}

// described returns the dialect's document without other paths to the same operations, and with this page's origin for
// that by which the server knows itself, which may be another one behind a proxy.
async function described(organization) {
  const document = await (await fetch(place.dataset.document)).json();
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(operations)) {
      if (/Alias\d+$/.test(operation.operationId)) delete operations[method];
      else prepare(path, operation, organization);
    }
    if (Object.keys(operations).length === 0) delete document.paths[path];
  }
  const known = new URL(document.servers[0].url).origin;
  return JSON.parse(JSON.stringify(document, (key, value) =>
    key === "url" && value.startsWith?.(known) ? location.origin + value.slice(known.length) : value));
}

// credentials returns what fills in the credential of each scheme.
function credentials(token) {
  if (!token) return undefined;
  const header = place.dataset.header;
  return {
    preferredSecurityScheme: header === "Authorization" ? "bearer" : header,
    securitySchemes: { bearer: { token }, [header]: { value: token } },
  };
}

async function show() {
  const { token, organization } = await visit();
  Scalar.createApiReference(place, {
    content: await described(organization),
    authentication: credentials(token),
    agent: { disabled: true },
    defaultOpenAllTags: true,
    documentDownloadType: "none",
    hideClientButton: true,
    hideDarkModeToggle: true,
    mcp: { disabled: true },
    orderSchemaPropertiesBy: "preserve",
    showDeveloperTools: "never",
    telemetry: false,
    theme: "none",
    withDefaultFonts: false,
  });
}

// mend says to assistive technology what Scalar leaves out: the names of buttons with a picture only, and of fields.
function mend() {
  for (const button of place.querySelectorAll("[class*='copy-button']:not([aria-label])")) {
    button.setAttribute("aria-label", "Copy");
  }
  for (const field of document.querySelectorAll("[role=combobox][contenteditable]:not([aria-expanded])")) {
    field.setAttribute("aria-expanded", "false");
    if (!field.hasAttribute("aria-label")) field.setAttribute("aria-label", field.dataset.placeholder || "Value");
  }
}

let due = false; // to mend once for many changes
new MutationObserver(() => {
  if (due) return;
  due = true;
  setTimeout(() => { due = false; mend(); }, 100);
}).observe(document.body, { childList: true, subtree: true });
document.addEventListener("DOMContentLoaded", show); // Scalar's script is there by then
