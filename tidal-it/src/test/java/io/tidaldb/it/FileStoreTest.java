package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.tidaldb.api.CorruptLogException;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.TidalBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("An instance on files")
class FileStoreTest {

    private static final TenantId TENANT = TenantId.of(42);
    private static final TenantId OTHER = TenantId.of(43);
    private static final String CANARY = "canary-8c1fe5d2-0b7a";

    @TempDir
    Path directory;

    private TidalBuilder builder() {
        return Tidal.builder()
                .dataDir(directory)
                .signal("view", Duration.ofDays(7))
                .signal("like", Duration.ofDays(30));
    }

    private static TenantConfig config(TenantId id) {
        return TenantConfig.builder(id).build();
    }

    /** Returns the files below the directory, by their path in it, that hold these bytes. */
    private List<String> holding(String text) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> contains(file, text))
                    .map(file -> directory.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    private static boolean contains(Path file, String text) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1).contains(text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    @DisplayName(
            "R-12: each tenant's log and snapshots lie in its own directory, the default tenant's where they always were")
    void directories() {
        try (Tidal tidal = builder().open()) {
            tidal.createTenant(config(TenantId.DEFAULT)).record("view", 1, 1);
            tidal.createTenant(config(TENANT)).record("view", 1, 1);
            tidal.checkpoint();
        }
        for (String file : List.of(
                "wal/wal-00000000000000000001.seg",
                "snapshots/checkpoint-s00000.ckpt",
                "tenants/42/wal/wal-00000000000000000001.seg",
                "tenants/42/snapshots/checkpoint-s00000.ckpt",
                "tidal.json",
                "LOCK",
                "control",
                "journal")) {
            assertThat(directory.resolve(file)).exists();
        }
    }

    @Test
    @DisplayName(
            "R-10, R-12: a directory from before tenants existed opens unchanged, is the default tenant's, and goes on")
    void formatOne() throws IOException {
        Path old = Repository.root().resolve("tidal-wal-file/src/test/resources/wal-v1/clean/wal");
        Path wal = Files.createDirectories(directory.resolve("wal"));
        try (Stream<Path> segments = Files.list(old)) {
            for (Path segment : segments.toList()) {
                Files.copy(segment, wal.resolve(segment.getFileName()));
            }
        }
        Path first = wal.resolve("wal-00000000000000000001.seg");
        byte[] before = Files.readAllBytes(first);
        long total;
        try (Tidal tidal = builder().open()) {
            Tenant tenant = tidal.tenant(TenantId.DEFAULT).orElseThrow();
            total = tenant.total("view") + tenant.total("like");
            assertThat(total).isGreaterThan(100);
            tenant.record("view", 1, 1);
        }
        assertThat(Files.readAllBytes(first)).startsWith(before);
        try (Tidal tidal = builder().open()) {
            Tenant tenant = tidal.tenant(TenantId.DEFAULT).orElseThrow();
            assertThat(tenant.total("view") + tenant.total("like")).isEqualTo(total + 1);
        }
    }

    @Test
    @DisplayName("labels and names are stored in the tenant's own files and nowhere else that lasts")
    void textLivesInTheTenantsLog() throws IOException {
        try (Tidal tidal = builder().open()) {
            tidal.createTenant(TenantConfig.builder(TENANT).label(CANARY).build())
                    .record("view", CANARY, 1);
            tidal.createTenant(config(OTHER)).record("view", 1, 1);
            tidal.checkpoint();
        }
        assertThat(holding(CANARY))
                .contains("tenants/42/wal/wal-00000000000000000001.seg", "tenants/42/snapshots/checkpoint-s00000.ckpt")
                .allMatch(file -> file.startsWith("tenants/42/") || file.startsWith("journal/"));
    }

    @Test
    @DisplayName(
            "a damaged log is refused, naming file and offset; the other tenants open and work, and the tenant can be made anew")
    void quarantine() throws IOException {
        try (Tidal tidal = builder().open()) {
            for (TenantId id : List.of(TENANT, OTHER)) {
                Tenant tenant = tidal.createTenant(config(id));
                for (int i = 0; i < 100; i++) {
                    tenant.record("view", i, 1);
                }
            }
        }
        Path segment = directory.resolve("tenants/42/wal/wal-00000000000000000001.seg");
        byte[] bytes = Files.readAllBytes(segment);
        bytes[200] ^= 4;
        Files.write(segment, bytes);

        try (Tidal tidal = builder().open()) {
            Tenant damaged = tidal.tenant(TENANT).orElseThrow();
            CorruptLogException refusal =
                    catchThrowableOfType(CorruptLogException.class, () -> damaged.read("view", 1, ReadOptions.DEFAULT));
            assertThat(refusal.file()).endsWith("wal-00000000000000000001.seg");
            assertThat(refusal.code()).isEqualTo(ErrorCode.CORRUPT_LOG);
            assertThat(catchThrowableOfType(TidalException.class, () -> damaged.record("view", 1, 1))
                            .code())
                    .isEqualTo(ErrorCode.CORRUPT_LOG);
            assertThat(catchThrowableOfType(TidalException.class, () -> damaged.export(signal -> {}))
                            .code())
                    .isEqualTo(ErrorCode.CORRUPT_LOG);
            Tenant other = tidal.tenant(OTHER).orElseThrow();
            other.record("view", 1, 1);
            assertThat(other.total("view")).isEqualTo(101);
            tidal.checkpoint();
            assertThat(tidal.health().tenants().get(0).damage()).isNotNull();
            tidal.deleteTenant(TENANT);
            tidal.createTenant(config(TENANT)).record("view", 1, 1);
        }
        try (Tidal tidal = builder().open()) {
            assertThat(tidal.tenant(TENANT).orElseThrow().total("view")).isOne();
            assertThat(tidal.tenant(OTHER).orElseThrow().total("view")).isEqualTo(101);
        }
    }
}
