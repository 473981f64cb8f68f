import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** From a token to landed records with the JDK alone: java Tutorial.java. */
public class Tutorial {
    static final String URL = System.getenv().getOrDefault("FLOW_EMULATOR_URL", "http://127.0.0.1:8237");
    static final String FLOW = "/data/foundation/flowservice";
    static final String STRIPE = "{\"id\": \"cc2c31d6-7b8c-4581-b49f-5c8698aa3ab3\", \"version\": \"1.0\"}";
    static final String DATA_LAKE = "{\"id\": \"c604ff05-7f1a-43c0-8e18-33bf874cb11c\", \"version\": \"1.0\"}";
    static final String REST_TO_PLATFORM = "{\"id\": \"6499120c-0b15-42dc-936e-847ea3c24d72\", \"version\": \"1.0\"}";

    final HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    String token = "";

    public static void main(String[] arguments) throws Exception {
        new Tutorial().walk();
    }

    void walk() throws Exception {
        String form = "grant_type=client_credentials&client_id=java&client_secret=any&scope=openid";
        HttpRequest ask = HttpRequest.newBuilder(URI.create(URL + "/ims/token/v3"))
            .header("Content-Type", "application/x-www-form-urlencoded").POST(BodyPublishers.ofString(form)).build();
        token = text(send(ask), "access_token");

        String schema = text(call("POST", "/data/foundation/schemaregistry/tenant/schemas", """
            {"title": "Charges %d", "type": "object", "allOf": [
              {"$ref": "https://ns.adobe.com/xdm/context/profile"}, {"properties": {"_java": {"type": "object"}}}]}
            """.formatted(System.currentTimeMillis())), "$id");
        String made = call("POST", "/data/foundation/catalog/dataSets", """
            {"name": "Charges", "schemaRef":
              {"id": "%s", "contentType": "application/vnd.adobe.xed+json;version=1"}}""".formatted(schema));
        String dataset = made.replaceAll(".*@/dataSets/([0-9a-f]+).*", "$1");

        String account = text(call("POST", FLOW + "/connections", """
            {"name": "Stripe", "connectionSpec": %s,
             "auth": {"specName": "OAuth2 Refresh Code", "params": {"accessToken": "any"}}}""".formatted(STRIPE)), "id");
        String charges = Base64.getEncoder().encodeToString("{\"resourcePath\":\"charges\"}".getBytes(StandardCharsets.UTF_8));
        String preview = call("GET", FLOW + "/connections/" + account
            + "/explore?objectType=rest&object=json&fileType=json&preview=true&sourceParams="
            + URLEncoder.encode(charges, StandardCharsets.UTF_8), null);
        expect(preview.contains("ch_"), "a preview shows charges");

        String source = text(call("POST", FLOW + "/sourceConnections", """
            {"name": "Charges", "baseConnectionId": "%s", "connectionSpec": %s, "data": {"format": "json"},
             "params": {"resourcePath": "charges"}}""".formatted(account, STRIPE)), "id");
        String target = text(call("POST", FLOW + "/targetConnections", """
            {"name": "Charges", "connectionSpec": %s, "params": {"dataSetId": "%s"}}""".formatted(DATA_LAKE, dataset)), "id");
        String mapping = text(call("POST", "/data/foundation/conversion/mappingSets", """
            {"version": 0, "xdmSchema": "%s", "xdmVersion": "1.0", "mappings": [
              {"sourceAttribute": "data.id", "destinationXdmPath": "_java.charge"},
              {"sourceAttribute": "data.amount", "destinationXdmPath": "_java.amount"}]}""".formatted(schema)), "id");
        String flow = text(call("POST", FLOW + "/flows", """
            {"name": "Charges", "flowSpec": %s, "sourceConnectionIds": ["%s"], "targetConnectionIds": ["%s"],
             "transformations": [{"name": "Mapping", "params": {"mappingId": "%s", "mappingVersion": 0}}],
             "scheduleParams": {"startTime": %d, "frequency": "minute", "interval": 15}}"""
            .formatted(REST_TO_PLATFORM, source, target, mapping, System.currentTimeMillis() / 1000)), "id");

        String run = firstRun(flow);
        expect(text(run, "status").equals("success"), "the run succeeds");
        String landed = call("GET", "/__admin/datasets/" + dataset + "/records?limit=1", null);
        expect(landed.contains("\"count\":150") && landed.contains("\"charge\":\"ch_"), "150 charges have landed");
        System.out.println("150 charges have landed");
    }

    String firstRun(String flow) throws IOException, InterruptedException {
        for (int attempt = 0; attempt < 100; attempt++) {
            String runs = call("GET", FLOW + "/runs?property=flowId==" + flow, null);
            if (runs.contains("statusSummary")) {
                return runs.substring(runs.indexOf("statusSummary"));
            }
            Thread.sleep(100);
        }
        throw new IllegalStateException("no run within ten seconds");
    }

    String call(String method, String path, String body) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(URL + path))
            .header("Authorization", "Bearer " + token)
            .header("x-api-key", "java")
            .header("x-gw-ims-org-id", "JAVA@AdobeOrg")
            .header("x-sandbox-name", "prod");
        if (body != null) {
            request.header("Content-Type", "application/json");
        }
        return send(request.method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body)).build());
    }

    String send(HttpRequest request) throws IOException, InterruptedException {
        var answer = http.send(request, BodyHandlers.ofString());
        expect(answer.statusCode() < 400, request.method() + " " + request.uri() + ": " + answer.body());
        return answer.body();
    }

    /** The first text of that name; a real client has a library for JSON. */
    static String text(String json, String name) {
        Matcher found = Pattern.compile('"' + Pattern.quote(name) + "\":\\s*\"([^\"]*)\"").matcher(json);
        expect(found.find(), name + " is missing in " + json);
        return found.group(1);
    }

    static void expect(boolean met, String what) {
        if (!met) {
            throw new IllegalStateException(what);
        }
    }
}
