// Swagger UI for openapi.json, in the colours that the system asks for.
document.documentElement.classList.toggle("dark-mode", matchMedia("(prefers-color-scheme: dark)").matches);

// The document's paths begin at the gateway, which a proxy may have put behind a prefix that only the browser sees.
function behindPrefix(request) {
  const base = new URL(".", location).pathname;
  const url = new URL(request.url, location);
  if (!url.pathname.startsWith(base)) url.pathname = base + url.pathname.slice(1);
  return Object.assign(request, { url: url.href });
}

SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  requestInterceptor: behindPrefix,
  validatorUrl: null, // its makers' server would be told the document's address
});
