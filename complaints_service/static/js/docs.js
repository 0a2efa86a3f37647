// The API reference: Swagger UI started from a file of our own, because the page's policy allows no inline script.
const place = document.getElementById("api-reference");

function withFormToken(request) {
  // Writes with the session's cookie must carry its token (API.md); the page has it when somebody is signed in.
  const token = place.dataset.csrf;
  if (token && new URL(request.url, location.href).origin === location.origin) {
    request.headers["X-CSRF-Token"] = token;
  }
  return request;
}

if (place && window.SwaggerUIBundle) {
  place.textContent = "";
  window.SwaggerUIBundle({
    url: place.dataset.schema,
    domNode: place,
    deepLinking: true,
    // Groups first: all calls at once take seconds to draw.
    docExpansion: "none",
    filter: true,
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    validatorUrl: null,
    requestInterceptor: withFormToken,
  });
}
