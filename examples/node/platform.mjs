// A small client of the Platform APIs with nothing but fetch.

const FLOW = "/data/foundation/flowservice";

export class Platform {
  constructor(url, headers) {
    this.url = url;
    this.headers = headers;
  }

  /** Asks for a token, as against the real identity service. */
  static async connect(url, { clientId, clientSecret, org, sandbox = "prod" }) {
    const form = { grant_type: "client_credentials", client_id: clientId, client_secret: clientSecret, scope: "openid" };
    const answer = await fetch(`${url}/ims/token/v3`, { method: "POST", body: new URLSearchParams(form) });
    if (!answer.ok) throw new Error(`no token: ${answer.status} ${await answer.text()}`);
    const { access_token: token } = await answer.json();
    return new Platform(url, {
      Authorization: `Bearer ${token}`,
      "x-api-key": clientId,
      "x-gw-ims-org-id": org,
      "x-sandbox-name": sandbox,
    });
  }

  async call(method, path, body, headers = {}) {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const type = body === undefined ? {} : { "Content-Type": "application/json" };
    const answer = await fetch(this.url + path, { method, headers: { ...this.headers, ...type, ...headers }, ...sent });
    const text = await answer.text();
    if (!answer.ok) throw Object.assign(new Error(`${method} ${path}: ${text}`), { status: answer.status });
    return text === "" ? undefined : JSON.parse(text);
  }

  schema = (body) => this.call("POST", "/data/foundation/schemaregistry/tenant/schemas", body).then((made) => made.$id);
  dataset = (body) => this.call("POST", "/data/foundation/catalog/dataSets", body).then(([made]) => made.split("/")[2]);
  mapping = (body) => this.call("POST", "/data/foundation/conversion/mappingSets", body).then((made) => made.id);
  create = (kind, body) => this.call("POST", `${FLOW}/${kind}`, body).then((made) => made.id);
  get = (kind, id) => this.call("GET", `${FLOW}/${kind}/${id}`).then((found) => found.items[0]);
  runs = (flow) => this.call("GET", `${FLOW}/runs?property=flowId==${flow}`).then((found) => found.items);

  explore(connection, resourcePath) {
    const sourceParams = Buffer.from(JSON.stringify({ resourcePath })).toString("base64");
    const query = new URLSearchParams({ objectType: "rest", object: "json", fileType: "json", preview: "true", sourceParams });
    return this.call("GET", `${FLOW}/connections/${connection}/explore?${query}`);
  }
}
