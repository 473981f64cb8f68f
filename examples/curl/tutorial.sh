#!/usr/bin/env bash
# From a token to landed records with curl. python3 picks fields out of answers; jq would do as well.
set -euo pipefail

URL=${FLOW_EMULATOR_URL:-http://127.0.0.1:8237}
FLOW=/data/foundation/flowservice

field() {
  python3 -c 'import json, sys
found = json.load(sys.stdin)
for step in sys.argv[1:]:
    found = found[int(step) if step.isdigit() else step]
print(found)' "$@"
}

TOKEN=$(curl -sS --fail-with-body "$URL/ims/token/v3" -d grant_type=client_credentials -d client_id=curl \
  -d client_secret=any -d scope=openid | field access_token)

aep() {
  local path=$1
  shift
  curl -sS --fail-with-body -H "Authorization: Bearer $TOKEN" -H 'x-api-key: curl' -H 'x-gw-ims-org-id: CURL@AdobeOrg' \
    -H 'x-sandbox-name: prod' -H 'Content-Type: application/json' "$URL$path" "$@"
}

SCHEMA=$(aep /data/foundation/schemaregistry/tenant/schemas -d '{"title": "Charges '"$(date +%s)"'", "type": "object",
  "allOf": [{"$ref": "https://ns.adobe.com/xdm/context/profile"}, {"properties": {"_curl": {"type": "object"}}}]}' | field '$id')
DATASET=$(aep /data/foundation/catalog/dataSets -d '{"name": "Charges", "schemaRef": {"id": "'"$SCHEMA"'",
  "contentType": "application/vnd.adobe.xed+json;version=1"}}' | field 0 | cut -d/ -f3)

STRIPE='{"id": "cc2c31d6-7b8c-4581-b49f-5c8698aa3ab3", "version": "1.0"}'
ACCOUNT=$(aep $FLOW/connections -d '{"name": "Stripe", "connectionSpec": '"$STRIPE"',
  "auth": {"specName": "OAuth2 Refresh Code", "params": {"accessToken": "any"}}}' | field id)
CHARGES=$(printf '{"resourcePath":"charges"}' | base64)
aep "$FLOW/connections/$ACCOUNT/explore?objectType=rest&object=json&fileType=json&preview=true&sourceParams=$CHARGES" \
  | field data 0 >/dev/null
SOURCE=$(aep $FLOW/sourceConnections -d '{"name": "Charges", "baseConnectionId": "'"$ACCOUNT"'",
  "connectionSpec": '"$STRIPE"', "data": {"format": "json"}, "params": {"resourcePath": "charges"}}' | field id)

TARGET=$(aep $FLOW/targetConnections -d '{"name": "Charges", "connectionSpec":
  {"id": "c604ff05-7f1a-43c0-8e18-33bf874cb11c", "version": "1.0"}, "params": {"dataSetId": "'"$DATASET"'"}}' | field id)
MAPPING=$(aep /data/foundation/conversion/mappingSets -d '{"version": 0, "xdmSchema": "'"$SCHEMA"'", "xdmVersion": "1.0",
  "mappings": [{"sourceAttribute": "data.id", "destinationXdmPath": "_curl.charge"},
               {"sourceAttribute": "data.amount", "destinationXdmPath": "_curl.amount"}]}' | field id)
RUNNING=$(aep $FLOW/flows -d '{"name": "Charges", "flowSpec":
  {"id": "6499120c-0b15-42dc-936e-847ea3c24d72", "version": "1.0"}, "sourceConnectionIds": ["'"$SOURCE"'"],
  "targetConnectionIds": ["'"$TARGET"'"],
  "transformations": [{"name": "Mapping", "params": {"mappingId": "'"$MAPPING"'", "mappingVersion": 0}}],
  "scheduleParams": {"startTime": '"$(date +%s)"', "frequency": "minute", "interval": 15}}' | field id)

for _ in $(seq 100); do
  RUNS=$(aep "$FLOW/runs?property=flowId==$RUNNING")
  [[ $RUNS == *statusSummary* ]] && break
  sleep 0.1
done
echo "the run: $(field items 0 metrics statusSummary status <<<"$RUNS")"
echo "records: $(aep "/__admin/datasets/$DATASET/records?limit=1" | field count)"
