// Opens the service's own document. All addresses are relative, so that the page also works below a prefix.
"use strict";
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#interface",
  presets: [SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  tryItOutEnabled: true,
  // a credential stays in this page and goes with it
  persistAuthorization: false,
  // the validator would be another host
  validatorUrl: null,
});
