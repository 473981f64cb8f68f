import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Platform } from "./platform.mjs";

const URL = process.env.FLOW_EMULATOR_URL ?? "http://127.0.0.1:8237";
const STRIPE = { id: "cc2c31d6-7b8c-4581-b49f-5c8698aa3ab3", version: "1.0" };
const DATA_LAKE = { id: "c604ff05-7f1a-43c0-8e18-33bf874cb11c", version: "1.0" };
const REST_TO_PLATFORM = { id: "6499120c-0b15-42dc-936e-847ea3c24d72", version: "1.0" };

async function firstRun(platform, flow) {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const [run] = await platform.runs(flow);
    if (run) return run;
    await sleep(100);
  }
  throw new Error("no run within ten seconds");
}

test("charges go from Stripe into a dataset", async () => {
  const platform = await Platform.connect(URL, { clientId: "node", clientSecret: "any", org: "NODE@AdobeOrg" });

  const schema = await platform.schema({
    title: `Charges ${Date.now()}`,
    type: "object",
    allOf: [
      { $ref: "https://ns.adobe.com/xdm/context/profile" },
      { properties: { _node: { type: "object" } } },
    ],
  });
  const dataset = await platform.dataset({
    name: "Charges",
    schemaRef: { id: schema, contentType: "application/vnd.adobe.xed+json;version=1" },
  });

  const account = await platform.create("connections", {
    name: "Stripe",
    connectionSpec: STRIPE,
    auth: { specName: "OAuth2 Refresh Code", params: { accessToken: "any" } },
  });
  const preview = await platform.explore(account, "charges");
  assert.ok(preview.data.length > 0);

  const source = await platform.create("sourceConnections", {
    name: "Charges",
    baseConnectionId: account,
    connectionSpec: STRIPE,
    data: { format: "json" },
    params: { resourcePath: "charges" },
  });
  const target = await platform.create("targetConnections", {
    name: "Charges",
    connectionSpec: DATA_LAKE,
    params: { dataSetId: dataset },
  });
  const mapping = await platform.mapping({
    version: 0,
    xdmSchema: schema,
    xdmVersion: "1.0",
    mappings: [
      { sourceAttribute: "data.id", destinationXdmPath: "_node.charge" },
      { sourceAttribute: "data.amount", destinationXdmPath: "_node.amount" },
    ],
  });
  const flow = await platform.create("flows", {
    name: "Charges",
    flowSpec: REST_TO_PLATFORM,
    sourceConnectionIds: [source],
    targetConnectionIds: [target],
    transformations: [{ name: "Mapping", params: { mappingId: mapping, mappingVersion: 0 } }],
    scheduleParams: { startTime: Math.floor(Date.now() / 1000), frequency: "minute", interval: 15 },
  });

  const { metrics } = await firstRun(platform, flow);
  assert.equal(metrics.statusSummary.status, "success");
  assert.equal(metrics.recordSummary.outputRecordCount, 150);

  const landed = await platform.call("GET", `/__admin/datasets/${dataset}/records?limit=1`);
  assert.equal(landed.count, 150);
  assert.match(landed.items[0]._node.charge, /^ch_/);
});

test("an etag that is not the newest is refused", async () => {
  const platform = await Platform.connect(URL, { clientId: "node", clientSecret: "any", org: "NODE@AdobeOrg" });
  const auth = { specName: "OAuth2 Refresh Code", params: { accessToken: "any" } };
  const id = await platform.create("connections", { name: "Stripe", connectionSpec: STRIPE, auth });
  const { etag } = await platform.get("connections", id);
  const rename = (name) => [{ op: "replace", path: "/name", value: name }];
  const path = `/data/foundation/flowservice/connections/${id}`;
  await platform.call("PATCH", path, rename("first"), { "If-Match": etag });
  await assert.rejects(platform.call("PATCH", path, rename("second"), { "If-Match": etag }), { status: 412 });
});
