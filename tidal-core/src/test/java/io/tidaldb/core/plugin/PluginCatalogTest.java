package io.tidaldb.core.plugin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.PluginFactory;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlLogFactory;
import io.tidaldb.api.limit.RateLimiterFactory;
import io.tidaldb.api.placement.PlacementPolicyFactory;
import io.tidaldb.api.placement.PlacementRequest;
import io.tidaldb.api.transport.TransportFactory;
import io.tidaldb.api.wal.WalStoreFactory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PluginCatalogTest {

    @TempDir
    Path temporary;

    private Path plugins;

    @BeforeEach
    void createDirectory() throws IOException {
        plugins = Files.createDirectory(temporary.resolve("plugins"));
    }

    @Test
    void findsWhatIsBuiltIn() {
        try (PluginCatalog catalog = PluginCatalog.discover(null)) {
            assertThat(catalog.choose(WalStoreFactory.class, "memory").durable())
                    .isFalse();
            assertThat(catalog.choose(RateLimiterFactory.class, "token-bucket").name())
                    .isEqualTo("token-bucket");
            assertThat(catalog.choose(PlacementPolicyFactory.class, "rendezvous")
                            .name())
                    .isEqualTo("rendezvous");
            assertThat(catalog.choose(ControlLogFactory.class, "local").name()).isEqualTo("local");
            assertThat(catalog.list())
                    .allMatch(plugin ->
                            plugin.refused() == null && plugin.source().equals("class path"));
        }
    }

    @Test
    void findsJarsAndDirectoriesOfJarsEachWithAClassLoaderOfItsOwn() throws IOException {
        jar().name("\"first\"").writeTo(plugins.resolve("first.jar"));
        jar().name("\"second\"").writeTo(plugins.resolve("second/plugin.jar"));
        Files.writeString(plugins.resolve("README.txt"), "not a plugin");
        try (PluginCatalog catalog = PluginCatalog.discover(plugins)) {
            PlacementPolicyFactory first = catalog.choose(PlacementPolicyFactory.class, "first");
            PlacementPolicyFactory second = catalog.choose(PlacementPolicyFactory.class, "second");
            assertThat(first.getClass().getName()).isEqualTo("plugin.CustomFactory");
            assertThat(first.getClass()).isNotSameAs(second.getClass());
            assertThat(first.getClass().getClassLoader())
                    .isNotSameAs(second.getClass().getClassLoader());
            List<ReplicaId> eligible = List.of(ReplicaId.of(RegionId.of(0), ShardId.of(1)));
            assertThat(second.create().place(new PlacementRequest(TenantId.of(1), 1, eligible)))
                    .isEqualTo(eligible);
            assertThat(catalog.list())
                    .filteredOn(plugin -> plugin.kind().equals("placement"))
                    .extracting(PluginDescription::name)
                    .containsExactly("rendezvous", "first", "second");
        }
    }

    @Test
    void pluginSeesTheInterfacesButNothingElseOfOurs() throws IOException {
        String load = "try { Class.forName(\"io.tidaldb.core.Tidal\"); throw new AssertionError(\"sees core\"); }"
                + " catch (ClassNotFoundException e) { }"
                + " try { Class.forName(\"org.slf4j.Logger\"); } catch (ClassNotFoundException e) {"
                + " throw new IllegalStateException(e); }";
        jar().constructor(load).writeTo(plugins.resolve("curious.jar"));
        try (PluginCatalog catalog = PluginCatalog.discover(plugins)) {
            assertThat(catalog.choose(PlacementPolicyFactory.class, "custom")).isNotNull();
        }
    }

    @Test
    void refusesAPluginThatThrowsAndKeepsTheOthers() throws IOException {
        jar().constructor("if (true) throw new IllegalStateException(\"no licence\");")
                .writeTo(plugins.resolve("broken.jar"));
        jar().writeTo(plugins.resolve("good.jar"));
        try (PluginCatalog catalog = PluginCatalog.discover(plugins)) {
            assertThat(refusal(catalog, "broken.jar")).contains("no licence");
            assertThat(catalog.choose(PlacementPolicyFactory.class, "custom")).isNotNull();
        }
    }

    @Test
    void refusesAnotherVersionOfTheInterfaces() throws IOException {
        jar().spiVersion("99").writeTo(plugins.resolve("future.jar"));
        try (PluginCatalog catalog = PluginCatalog.discover(plugins)) {
            assertThat(refusal(catalog, "future.jar")).contains("version 99").contains("expected version 1");
            assertUnavailable(catalog, PlacementPolicyFactory.class, "custom", "version 99", "future.jar");
        }
    }

    @Test
    void refusesAnInvalidName() throws IOException {
        jar().name("\"Not A Name\"").writeTo(plugins.resolve("a.jar"));
        jar().name("null").writeTo(plugins.resolve("b.jar"));
        try (PluginCatalog catalog = PluginCatalog.discover(plugins)) {
            assertThat(refusal(catalog, "a.jar")).contains("\"Not A Name\"");
            assertThat(refusal(catalog, "b.jar")).contains("not valid");
        }
    }

    @Test
    void refusesEveryPluginOfANameThatIsUsedTwice() throws IOException {
        jar().writeTo(plugins.resolve("one.jar"));
        jar().writeTo(plugins.resolve("two.jar"));
        jar().name("\"rendezvous\"").writeTo(plugins.resolve("usurper.jar"));
        try (PluginCatalog catalog = PluginCatalog.discover(plugins)) {
            assertThat(refusal(catalog, "one.jar")).contains("one.jar").contains("two.jar");
            assertUnavailable(catalog, PlacementPolicyFactory.class, "custom", "one.jar", "two.jar", "more than once");
            assertUnavailable(catalog, PlacementPolicyFactory.class, "rendezvous", "class path", "usurper.jar");
        }
    }

    @Test
    void refusesAJarWithoutAServiceFileAndOneThatIsNoJar() throws IOException {
        jar().withoutServiceFile().writeTo(plugins.resolve("mute.jar"));
        Files.writeString(plugins.resolve("text.jar"), "not a zip");
        Files.createDirectory(plugins.resolve("empty"));
        try (PluginCatalog catalog = PluginCatalog.discover(plugins)) {
            assertThat(refusal(catalog, "mute.jar")).contains("META-INF/services");
            assertThat(refusal(catalog, "text.jar")).contains("not a readable jar");
            assertThat(refusal(catalog, "empty")).contains("names no plugin");
            assertUnavailable(catalog, TransportFactory.class, "netty", "missing", "mute.jar", "text.jar");
        }
    }

    @Test
    void missingPluginIsNamedWithWhatWasMeantAndWhatWasFound() {
        try (PluginCatalog catalog = PluginCatalog.discover(null)) {
            assertUnavailable(
                    catalog,
                    WalStoreFactory.class,
                    "memroy",
                    "wal",
                    "\"memroy\"",
                    "did you mean \"memory\"?",
                    "class path");
            assertUnavailable(catalog, WalStoreFactory.class, "rocks", "\"rocks\" is missing.", "\"memory\"");
        }
    }

    @Test
    void missingDirectoryIsAnErrorOfConfiguration() {
        assertThatExceptionOfType(TidalException.class)
                .isThrownBy(() -> PluginCatalog.discover(temporary.resolve("nowhere")))
                .satisfies(refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.INVALID_CONFIGURATION));
    }

    private PluginJar jar() {
        return new PluginJar(temporary);
    }

    private static @Nullable String refusal(PluginCatalog catalog, String source) {
        return catalog.list().stream()
                .filter(plugin -> plugin.source().endsWith(source))
                .findFirst()
                .orElseThrow()
                .refused();
    }

    private static void assertUnavailable(
            PluginCatalog catalog, Class<? extends PluginFactory> kind, String name, String... named) {
        assertThatExceptionOfType(TidalException.class)
                .isThrownBy(() -> catalog.choose(kind, name))
                .satisfies(refusal -> {
                    assertThat(refusal.code()).isEqualTo(ErrorCode.PLUGIN_UNAVAILABLE);
                    assertThat(refusal).hasMessageContainingAll(named);
                });
    }
}
