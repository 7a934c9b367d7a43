package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Spi;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.TidalBuilder;
import io.tidaldb.core.Topology;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("A plugin jar")
class PluginJarsTest {

    private static final TenantId TENANT = TenantId.of(7);

    @TempDir
    Path work;

    private Path plugins;
    private Path data;

    @BeforeEach
    void createDirectories() throws IOException {
        plugins = Files.createDirectory(work.resolve("plugins"));
        data = work.resolve("data");
    }

    private NotebookPlugin notebook(String name) throws IOException {
        return new NotebookPlugin(work.resolve(name));
    }

    private TidalBuilder builder() {
        return Tidal.builder().dataDir(data).pluginsDir(plugins).signal("view", Duration.ofDays(7));
    }

    /** Returns what {@code tidal plugins list} says of what comes from a file. */
    private JsonNode listed(String file, Object... further) {
        List<Object> words =
                new java.util.ArrayList<>(List.of("plugins", "list", "--plugins", plugins, "--output", "json"));
        words.addAll(List.of(further));
        for (JsonNode plugin : Cli.run(words.toArray()).done().json().path("plugins")) {
            if (plugin.path("jar").asText().endsWith(file)) {
                return plugin;
            }
        }
        throw new AssertionError(file + " is not listed");
    }

    @Test
    @DisplayName(
            "R-83: of a third party is found, listed, isolated, chosen by name, and serves an instance over restarts")
    void serves() throws IOException {
        notebook("good").jar(plugins.resolve("notebook.jar"));
        try (Tidal tidal = builder().wal("notebook").open()) {
            Tenant tenant = tidal.createTenant(
                    TenantConfig.builder(TENANT).label("acme").build());
            for (long entity = 0; entity < 100; entity++) {
                tenant.record("view", entity, 1);
            }
            tenant.record("view", "a name", 1);
        }
        // The directory knows its store.
        Tidal crashing = builder().open();
        Tenant tenant = crashing.tenant(TENANT).orElseThrow();
        assertThat(tenant.total("view")).isEqualTo(101);
        crashing.checkpoint();
        tenant.recordAll(List.of(Signal.of("view", 1, 1)));
        crashing.abandon();
        try (Tidal tidal = builder().open()) {
            Tenant same = tidal.tenant(TENANT).orElseThrow();
            assertThat(same.total("view")).isEqualTo(102);
            assertThat(same.read("view", "a name", ReadOptions.DEFAULT).count()).isOne();
            assertThat(same.verifyUsage().matches()).isTrue();
        }
        assertThat(Trees.files(data, ".log")).isNotEmpty();
        JsonNode listed = listed("notebook.jar", "--data-dir", data);
        assertThat(listed.path("kind").asText()).isEqualTo("wal");
        assertThat(listed.path("name").asText()).isEqualTo("notebook");
        assertThat(listed.path("version").asText()).isEqualTo("1.0");
        assertThat(listed.path("class_loader").asText()).endsWith("notebook.jar");
        assertThat(listed.path("chosen").asBoolean()).isTrue();
        assertThat(listed.path("refused").isNull()).isTrue();
        assertThat(listed("notebook.jar").path("chosen").asBoolean()).isFalse();
    }

    @Test
    @DisplayName("R-83: serves replicas in three regions, and one that was away catches up")
    void servesReplicas() throws IOException {
        notebook("good").jar(plugins.resolve("notebook/notebook.jar"));
        try (Tidal tidal = builder()
                .wal("notebook")
                .topology(Topology.regions(3).shardsPerRegion(1))
                .open()) {
            Tenant tenant = tidal.createTenant(TenantConfig.builder(TENANT).build());
            tenant.record("view", 1, 1);
            Await.noLag(tidal);
            tidal.crashNode(io.tidaldb.api.NodeId.of("n2"));
            tenant.record("view", 1, 1);
            tidal.startNode(io.tidaldb.api.NodeId.of("n2"));
            Await.noLag(tidal);
            assertThat(tenant.compareReplicas(false)).isNotEmpty().allMatch(replica -> replica.isEqual());
        }
    }

    @Test
    @DisplayName("R-83: is used by every command that opens a data directory or reads its logs")
    void onTheCommandLine() throws IOException {
        notebook("good").jar(plugins.resolve("notebook.jar"));
        Object[] create = {"tenant", "create", "--data-dir", data, "--tenant", "7", "--wal", "notebook"};
        assertThat(Cli.run(create).ended(2).err()).contains("--wal notebook", "is missing", "\"file\" (class path)");
        assertThat(data).doesNotExist();
        Cli.run("tenant", "create", "--data-dir", data, "--tenant", "7", "--wal", "notebook", "--plugins", plugins)
                .done();
        Cli.run(
                        "signal",
                        "record",
                        "--data-dir",
                        data,
                        "--tenant",
                        "7",
                        "--signal",
                        "view",
                        "--entity",
                        "42",
                        "--plugins",
                        plugins)
                .done();
        assertThat(Cli.run(
                                "query",
                                "score",
                                "--data-dir",
                                data,
                                "--tenant",
                                "7",
                                "--signal",
                                "view",
                                "--entity",
                                "42",
                                "--plugins",
                                plugins,
                                "--output",
                                "json")
                        .done()
                        .json()
                        .path("score")
                        .asDouble())
                .isPositive();
        Cli.run("wal", "verify", data, "--plugins", plugins).done();
        assertThat(Cli.run("wal", "dump", data, "--plugins", plugins).done().out())
                .contains("\"entity\":\"42\"");
        // Without it the directory can't be read, and the message says what there is.
        assertThat(Cli.run("tenant", "list", "--data-dir", data).ended(1).err())
                .contains("\"notebook\" is missing", "\"file\" (class path)");
        assertThat(Cli.run("wal", "verify", data).ended(1).err()).contains("\"notebook\" is missing");
        assertThat(Cli.run("tenant", "create", "--data-dir", data, "--wal", "file")
                        .ended(1)
                        .err())
                .contains("notebook", "file", "DIRECTORY_MISMATCH");
    }

    @Test
    @DisplayName("R-83: may bring its own version of a library that this process has as well")
    void bringsItsOwnLibrary() throws IOException {
        notebook("own")
                .library(
                        "com/fasterxml/jackson/databind/ObjectMapper.java",
                        "package com.fasterxml.jackson.databind; public final class ObjectMapper {"
                                + " public String writeValueAsString(int version) { return \"mapper-of-its-own-\" + version; } }")
                .factory("\"1.0\"", "new com.fasterxml.jackson.databind.ObjectMapper().writeValueAsString(7)")
                .jar(plugins.resolve("notebook.jar"));
        JsonNode listed = listed("notebook.jar");
        assertThat(listed.path("refused").isNull()).isTrue();
        assertThat(listed.path("version").asText()).isEqualTo("mapper-of-its-own-7");
        assertThat(ObjectMapper.class.getMethods())
                .extracting(java.lang.reflect.Method::getName)
                .contains("readTree");
        builder().wal("notebook").open().close();
    }

    @Test
    @DisplayName(
            "R-83: that can't be used is refused with the reason and listed; only who chose it does not start, and is told what there is")
    void refusals() throws IOException {
        int other = Spi.VERSION + 1;
        notebook("old").against(other).factory("\"notebook\"", "\"other-api\"").jar(plugins.resolve("other-api.jar"));
        notebook("mute").withoutServiceFile().jar(plugins.resolve("mute.jar"));
        notebook("one").factory("\"notebook\"", "\"twin\"").jar(plugins.resolve("one.jar"));
        notebook("two").factory("\"notebook\"", "\"twin\"").jar(plugins.resolve("two.jar"));
        notebook("usurper").factory("\"notebook\"", "\"file\"").jar(plugins.resolve("usurper.jar"));
        notebook("good").jar(plugins.resolve("good.jar"));
        byte[] jar = Files.readAllBytes(plugins.resolve("good.jar"));
        Files.write(plugins.resolve("broken.jar"), java.util.Arrays.copyOf(jar, jar.length / 2));

        assertThat(listed("other-api.jar").path("refused").asText())
                .contains("version " + other, "expected version " + Spi.VERSION);
        assertThat(listed("mute.jar").path("refused").asText()).contains("META-INF/services");
        assertThat(listed("one.jar").path("refused").asText()).contains("more than once", "one.jar", "two.jar");
        assertThat(listed("usurper.jar").path("refused").asText()).contains("more than once", "class path");
        assertThat(listed("broken.jar").path("refused").asText()).contains("not a readable jar");
        assertThat(listed("good.jar").path("refused").isNull()).isTrue();

        for (String refused : List.of("other-api", "twin", "file", "absent", "notebok")) {
            TidalException refusal = catchThrowableOfType(
                    TidalException.class, () -> builder().wal(refused).open());
            assertThat(refusal).as(refused).isNotNull();
            assertThat(refusal.code()).isEqualTo(ErrorCode.PLUGIN_UNAVAILABLE);
            assertThat(refusal).hasMessageContainingAll("\"" + refused + "\"", "good.jar", "broken.jar", "class path");
            assertThat(data).doesNotExist();
        }
        try (Tidal tidal = builder().wal("notebook").open()) {
            tidal.createTenant(TenantConfig.builder(TENANT).build()).record("view", 1, 1);
        }
    }
}
