package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** In a browser, over three nodes that are processes. {@code -Dtidal.screenshots=true} takes the pictures in {@code docs} anew. */
@DisplayName("The dashboard")
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DashboardTest {

    private static final String READY = "document.querySelector('#connection').textContent === 'Live'";

    private Path work;
    private Browser browser;
    private ProcessCluster cluster;

    @BeforeAll
    void start(@TempDir Path directory) throws Exception {
        work = directory;
        browser = Browser.open(work);
        cluster = new ProcessCluster(work, 3);
        cluster.up();
        create(7, "acme", "--slots", 3, "--durability", "MAJORITY", "--max-signals-per-sec", 5_000);
        create(8, "noisy", "--max-signals-per-sec", 5, "--max-entities", 1_000);
    }

    @AfterAll
    void stop() throws IOException {
        if (browser != null) {
            browser.close();
        }
        if (cluster != null) {
            cluster.close();
        }
    }

    @BeforeEach
    void visit() {
        browser.look(1280, 900, false);
        browser.visit(cluster.server(0) + "/");
        browser.await(READY);
    }

    private void create(int tenant, String label, Object... more) {
        List<Object> words = new ArrayList<>(
                List.of("tenant", "create", "--server", cluster.server(0), "--tenant", tenant, "--label", label));
        words.addAll(List.of(more));
        // Right after its start a cluster on a slow machine may still change its mind about who leads what, and then a
        // tenant may
        // be there without its label.
        Await.passes(() -> {
            Cli.Answer answer = Cli.run(words.toArray());
            if (answer.err().contains("TENANT_EXISTS")) {
                answer = Cli.run("tenant", "set", "--server", cluster.server(0), "--tenant", tenant, "--label", label);
            }
            answer.done();
        });
    }

    private TidalProcess load(int tenant, int perSecond) {
        return TidalProcess.start(
                work.resolve("load-" + tenant + ".txt"),
                "signal",
                "load",
                "--server",
                cluster.server(0),
                "--tenant",
                tenant,
                "--rate",
                perSecond,
                "--duration",
                "10m",
                "--ack-log",
                work.resolve("acks-" + tenant + ".ndjson"));
    }

    @Test
    @DisplayName(
            "shows regions, nodes, leaders, tenants and risks, asks nobody else for anything, and complains of nothing")
    void shows() {
        browser.await("document.querySelectorAll('#topology .region').length === 3");
        browser.await("document.querySelectorAll('#topology .shards li').length === 9");
        browser.await("document.querySelectorAll('#tenants .tenant').length >= 2");
        browser.await("document.querySelectorAll('#risks tbody tr').length >= 4");
        browser.await("document.querySelectorAll('#charts canvas').length === 3");
        browser.await("document.querySelector('#audit tbody tr')");
        browser.await("document.querySelector('#events').innerText.includes('Listening')");
        assertThat(browser.text("#topology")).contains("n0", "n1", "n2", "s0 leads", "s0 follows", "HEALTHY");
        assertThat(browser.text("#overview")).contains("3 of 3").contains("Nothing needs attention");
        assertThat(browser.text("#audit")).contains("create-tenant");
        assertThat(browser.requested()).isNotEmpty().allMatch(url -> url.startsWith(cluster.server(0)));
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    @DisplayName("shows writes, refusals and new tenants while they happen, without being loaded again")
    void live() throws Exception {
        browser.evaluate("window.loadedOnce = true");
        create(9, "<b>bold</b>");
        browser.await("document.querySelector('#events').innerText.includes('tenant 9 was created')");
        browser.await("document.querySelector('#tenants').innerText.includes('<b>bold</b>')");
        try (TidalProcess load = load(8, 60)) {
            browser.await("[...document.querySelectorAll('.tenant')].some(each => each.innerText.includes('noisy')"
                    + " && /throttled, [1-9.]/.test(each.innerText))");
            browser.await("document.querySelector('.tenant h3').innerText.includes('noisy')");
            browser.await("document.querySelector('#events').innerText.includes('tenant 8 was refused')");
            browser.await("/write p99 [0-9]/.test(document.querySelector('#charts').innerText)");
            assertThat(load.isAlive()).isTrue();
        }
        Cli.run("tenant", "delete", "--server", cluster.server(0), "--tenant", 9, "--yes");
        assertThat(browser.evaluate("window.loadedOnce").asBoolean()).isTrue();
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    @DisplayName(
            "changes a tenant's limits after it was asked what would happen and it was confirmed, and not when it is cancelled")
    void limits() {
        browser.click("[data-action=limits][data-tenant='7']");
        browser.fill("dialog [name=max_entities]", "0");
        assertThat(browser.text("dialog pre")).contains("expected a number above 0");
        browser.fill("dialog [name=max_entities]", "123456");
        assertThat(browser.text("dialog pre"))
                .contains("curl -sSf -X PATCH", "\"max_entities\":123456", "tidal tenant set");
        browser.press("Escape");
        browser.await("!document.querySelector('dialog').open");
        assertThat(limit("max_entities").isNull()).isTrue();

        browser.click("[data-action=limits][data-tenant='7']");
        browser.fill("dialog [name=max_entities]", "123456");
        browser.click("dialog .ends button:nth-of-type(2)");
        browser.await("document.querySelector('dialog [role=alert]').textContent.startsWith('Would be allowed')");
        assertThat(limit("max_entities").isNull()).isTrue();
        browser.click("dialog [type=submit]");
        browser.await("!document.querySelector('dialog').open");
        assertThat(limit("max_entities").asLong()).isEqualTo(123_456);
        browser.await("document.querySelector('#tenants').innerText.includes('123.5K')");
        assertThat(browser.complaints()).isEmpty();
    }

    private JsonNode limit(String name) {
        return Cli.run("tenant", "show", "--server", cluster.server(0), "--tenant", 7, "--output", "json")
                .done()
                .json()
                .get(name);
    }

    @Test
    @DisplayName("hands a tenant's lead over")
    void promote() {
        browser.click("[data-action=promote][data-tenant='8']");
        String replica = browser.evaluate("document.querySelector('dialog select').value")
                .asText();
        browser.click("dialog [type=submit]");
        browser.await("!document.querySelector('dialog').open");
        browser.await("[...document.querySelectorAll('.tenant')].some(each => each.innerText.includes('noisy')"
                + " && each.innerText.includes('led at " + replica + "'))");
    }

    @Test
    @DisplayName("finds tenants by label, and keeps the focus while figures change")
    void focus() {
        browser.evaluate("document.querySelector('[name=text]').focus()");
        browser.fill("[name=text]", "ACM");
        browser.await("document.querySelectorAll('.tenant').length === 1");
        browser.evaluate("document.querySelector('.tenant button').focus(); window.focused = document.activeElement");
        long before = requests();
        Await.until(() -> requests() > before + 2);
        assertThat(browser.evaluate("document.activeElement === window.focused && window.focused.isConnected")
                        .asBoolean())
                .isTrue();
    }

    private long requests() {
        return browser.requested().stream()
                .filter(url -> url.endsWith("/v1/cluster"))
                .count();
    }

    @Test
    @DisplayName(
            "is reached by keyboard: first what skips to the content, then everything in order, each with a visible focus")
    void keyboard() {
        browser.press("Tab");
        assertThat(browser.evaluate("document.activeElement.className").asText())
                .isEqualTo("skip");
        for (int i = 0; i < 25; i++) {
            browser.press("Tab");
            assertThat(browser.evaluate("getComputedStyle(document.activeElement).outlineStyle")
                            .asText())
                    .as("outline of %s", browser.evaluate("document.activeElement.outerHTML"))
                    .isNotEqualTo("none");
        }
    }

    @Test
    @DisplayName("has no finding of axe at 1280 and 390 pixels, dark and light, with a dialog and without")
    void accessible() throws IOException {
        browser.await("document.querySelector('#audit tbody tr')");
        browser.evaluate(axe() + "; undefined");
        for (int width : List.of(1280, 390)) {
            for (boolean dark : List.of(false, true)) {
                browser.look(width, 900, dark);
                check("at " + width + (dark ? ", dark" : ", light"));
                assertThat(browser.evaluate("document.documentElement.scrollWidth")
                                .asInt())
                        .as("width of the page at %s pixels", width)
                        .isLessThanOrEqualTo(width);
            }
        }
        browser.click("[data-action=limits][data-tenant='7']");
        check("with a dialog");
        assertThat(browser.complaints()).isEmpty();
    }

    private static String axe() throws IOException {
        try (InputStream in = DashboardTest.class.getResourceAsStream("/axe.min.js")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private void check(String when) {
        JsonNode found = browser.evaluate("axe.run(document, {resultTypes: ['violations']}).then(result => ({"
                + "passes: result.passes.length, violations: result.violations.map(each => each.impact + ' ' + each.id + ': '"
                + " + each.nodes.map(node => node.html + ' ' + node.failureSummary).join('; '))}))");
        assertThat(found.get("passes").asInt()).isGreaterThan(15);
        assertThat(found.get("violations")).as(when).isEmpty();
    }

    @Test
    @DisplayName("shows a migration when it begins, how far it is, and that it is done when its hold is ended there")
    void migration() {
        create(10, "mover", "--shards", "r0:s0");
        browser.evaluate("window.loadedOnce = true");
        String id = Cli.run(
                        "migrate",
                        "start",
                        "--server",
                        cluster.server(0),
                        "--tenant",
                        10,
                        "--from",
                        "r0:s0",
                        "--to",
                        "r2:s2",
                        "--hold",
                        "30m",
                        "--output",
                        "json")
                .done()
                .json()
                .get("id")
                .asText();
        String card = "document.querySelector('#migrations [data-key=m" + id + "]')";
        browser.await(card + "?.innerText.includes('r0:s0 → r2:s2')");
        browser.await(card + "?.innerText.includes('HOLD')");
        assertThat(browser.evaluate(card + ".querySelector('[aria-current=step]').innerText")
                        .asText())
                .isEqualToIgnoringCase("hold");
        browser.click("[data-action=end-hold][data-id='" + id + "']");
        browser.click("dialog [type=submit]");
        browser.await("!document.querySelector('dialog').open");
        browser.await(card + "?.innerText.includes('COMPLETE') && !" + card + ".querySelector('progress')");
        assertThat(browser.evaluate("window.loadedOnce").asBoolean()).isTrue();
        assertThat(browser.complaints()).isEmpty();
    }

    @Test
    @DisplayName("looks as in the documents")
    void screenshots() throws Exception {
        boolean keep = Boolean.getBoolean("tidal.screenshots");
        Path directory = keep ? Repository.root().resolve("docs/images") : work;
        Files.createDirectories(directory);
        if (!keep) {
            pictures(directory);
            return;
        }
        try (TidalProcess busy = load(7, 400);
                TidalProcess noisy = load(8, 20)) {
            browser.await("/throttled, [1-9.]/.test(document.querySelector('#tenants').innerText)");
            long before = requests();
            Await.until(() -> requests() > before + 8);
            pictures(directory);
            assertThat(busy.isAlive() && noisy.isAlive()).isTrue();
        }
    }

    private void pictures(Path directory) throws IOException {
        for (int width : List.of(1280, 390)) {
            for (String theme : List.of("light", "dark")) {
                browser.look(width, width == 1280 ? 1_100 : 844, theme.equals("dark"));
                browser.await("document.documentElement.clientWidth === " + width
                        + " && [...document.querySelectorAll('#charts .uplot')].every(plot => plot.clientWidth"
                        + " === plot.parentElement.clientWidth)");
                Path file = directory.resolve("dashboard-" + width + "-" + theme + ".png");
                browser.screenshot(file);
                assertThat(Files.size(file)).as(file.toString()).isBetween(5_000L, 200_000L);
            }
        }
    }

    @Test
    @DisplayName(
            "of a node with tokens shows nothing without one, keeps it in the tab only, and is refused when it is revoked")
    void token() throws Exception {
        Path tokens = work.resolve("tokens.json");
        JsonNode made = Cli.run("token", "create", "--tokens", tokens, "--scope", "operator", "--output", "json")
                .done()
                .json();
        Path file = Files.writeString(
                work.resolve("node.yaml"),
                "data_dir: " + work.resolve("alone") + "\nhttp: {listen: \"127.0.0.1:0\"}\nauth: {tokens: \"" + tokens
                        + "\"}\n" + "signals: [{name: view, half_life: 7d}]\n");
        try (TidalProcess node = TidalProcess.start(work.resolve("node.txt"), "node", "--config", file)) {
            String server = server(node);
            String secret = made.get("token").asText();
            Cli.run("tenant", "create", "--server", server, "--token", secret, "--tenant", 1)
                    .done();
            browser.visit(server + "/");
            browser.await("document.querySelector('#notice').innerText.includes('wants a token')");
            assertThat(browser.evaluate("document.querySelector('[data-panel=tenants]').innerText + "
                                    + "document.querySelectorAll('[data-action=limits]').length")
                            .asText())
                    .isEqualTo("0");
            assertThat(status("PATCH", "/v1/tenants/1")).isEqualTo(401);

            browser.click("#token");
            browser.fill("dialog [name=secret]", secret);
            browser.click("dialog [type=submit]");
            browser.await(READY);
            browser.await("document.querySelectorAll('.tenant').length === 1");
            assertThat(browser.evaluate("JSON.stringify(localStorage) + document.cookie + location.href")
                            .asText())
                    .doesNotContain(secret);
            assertThat(browser.evaluate("sessionStorage.getItem('tidal.token')").asText())
                    .isEqualTo(secret);

            browser.click("[data-action=limits]");
            assertThat(browser.text("dialog pre")).contains("$TIDAL_TOKEN").doesNotContain(secret);
            browser.fill("dialog [name=max_entities]", "5");
            Cli.run("token", "revoke", "--tokens", tokens, made.get("id").asText())
                    .done();
            browser.await("document.querySelector('#notice').innerText.includes('token does not do')");
            browser.click("dialog [type=submit]");
            browser.await("document.querySelector('dialog [role=alert]').innerText.startsWith('Refused')");
            assertThat(browser.evaluate("document.querySelectorAll('.tenant').length")
                            .asInt())
                    .isZero();
        }
    }

    private static String server(TidalProcess node) {
        String line = String.valueOf(node.line());
        while (!line.startsWith("READY")) {
            assertThat(line).as(node.errors()).isNotEqualTo("null");
            line = String.valueOf(node.line());
        }
        return "http://" + line.replaceFirst(".*http=(\\S+).*", "$1");
    }

    private int status(String method, String path) {
        return browser.evaluate(
                        "fetch('" + path + "', {method: '" + method
                                + "', body: '{}', headers: {'Content-Type': 'application/json'}}).then(answer => answer.status)")
                .asInt();
    }
}
