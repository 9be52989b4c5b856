// Shows the OpenAPI document of a dialect, with a visitor's token where the server has some.
"use strict";

const place = document.getElementById("content");

// described returns the dialect's document, without other paths to the same operations, and with this page's origin for
// that by which the server knows itself, which may be another one behind a proxy.
async function described() {
  const document = await (await fetch(place.dataset.document)).json();
  for (const [path, operations] of Object.entries(document.paths)) {
    if (Object.values(operations).every((o) => /Alias\d+$/.test(o.operationId))) delete document.paths[path];
  }
  const known = new URL(document.servers[0].url).origin;
  return JSON.parse(JSON.stringify(document, (key, value) =>
    key === "url" && value.startsWith?.(known) ? location.origin + value.slice(known.length) : value));
}

// credentials returns what fills in the credential of each scheme.
async function credentials() {
  if (place.dataset.visitors !== "true") return undefined;
  const response = await fetch("/docs/token", { method: "POST" });
  if (!response.ok) return undefined;
  const { token } = await response.json();
  const header = place.dataset.header;
  return {
    preferredSecurityScheme: header === "Authorization" ? "bearer" : header,
    securitySchemes: { bearer: { token }, [header]: { value: token } },
  };
}

async function show() {
  const [content, authentication] = await Promise.all([described(), credentials()]);
  Scalar.createApiReference(place, {
    content, authentication,
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

show();
