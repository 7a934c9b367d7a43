package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.tidaldb.api.Durability;
import io.tidaldb.api.EntityId;
import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.IdempotencyKey;
import io.tidaldb.api.ReplicaId;
import io.tidaldb.api.TenantConfig;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.ReadOptions;
import io.tidaldb.core.Reading;
import io.tidaldb.core.ReplicaComparison;
import io.tidaldb.core.Signal;
import io.tidaldb.core.Tenant;
import io.tidaldb.core.Tidal;
import io.tidaldb.core.WriteOptions;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The disk of one node of three fails or is full, as the system makes it. What a machine doesn't permit is skipped, in one line. */
@DisplayName("R-51: A member whose disk")
class FailingMemberTest {

    /** Led by the member whose disk it is. */
    private static final TenantId LED = TenantId.of(7);

    /** Led by another one. */
    private static final TenantId FOLLOWED = TenantId.of(8);

    private static final int FAILING = 0;
    private static final int BATCH = 500;

    /** More than is prepared for. */
    private static final int BATCHES_WHILE_FULL = 400;

    /** Less than is written meanwhile; of what log stores keep free there is enough for what is decided. */
    private static final long LEFT_BYTES = 20 << 20;

    @TempDir
    Path directory;

    private final FaultTools tools = new FaultTools();
    private Members members;

    @BeforeEach
    void choosePorts() throws IOException {
        members = new Members(directory);
    }

    @AfterEach
    void undo() {
        members.close();
        tools.close();
    }

    private void start(String wal) {
        members.configure(builder -> builder.wal(wal).lease(Duration.ofSeconds(2)));
        members.start(0, 1, 2);
        create(LED, "r0:s0");
        create(FOLLOWED, "r1:s0");
    }

    private void create(TenantId tenant, String leader) {
        members.node(1)
                .createTenant(TenantConfig.builder(tenant)
                        .pinnedShards(ReplicaId.parse(leader))
                        .durability(Durability.MAJORITY)
                        .build());
    }

    private Path home() throws IOException {
        return Files.createDirectories(directory.resolve(Members.name(FAILING).name()));
    }

    private static List<Signal> batch(long from) {
        return LongStream.range(from, from + BATCH)
                .mapToObj(entity -> Signal.of("view", entity, 1))
                .toList();
    }

    private static void write(Tenant tenant, long from) {
        tenant.recordAll(batch(from), WriteOptions.DEFAULT.with(Duration.ofMinutes(1)));
    }

    /** Writes an event, and tries again under the same key until it is acknowledged. */
    private static void insist(Tidal through, long entity) {
        WriteOptions once =
                WriteOptions.DEFAULT.with(new IdempotencyKey(7, entity)).with(Duration.ofSeconds(3));
        Await.passes(() -> through.tenant(LED).orElseThrow().recordAll(List.of(Signal.of("view", entity, 1)), once));
    }

    /** Waits until a member holds each of so many events once, and all that another one holds. */
    private void awaitAll(int member, TenantId id, long events) {
        Await.passes(() -> {
            Tenant tenant = members.tenant(member, id);
            ReadOptions there =
                    ReadOptions.DEFAULT.in(ReplicaId.parse("r" + member + ":s0").region());
            for (long from = 0; from < events; from += BATCH) {
                List<EntityId> ids = LongStream.range(from, Math.min(events, from + BATCH))
                        .mapToObj(EntityId::of)
                        .toList();
                assertThat(tenant.readAll("view", ids, there))
                        .extracting(Reading::count)
                        .containsOnly(1L);
            }
        });
        Await.passes(() -> assertThat(members.tenant(member, id).compareReplicas(false))
                .isNotEmpty()
                .allMatch(ReplicaComparison::isEqual));
    }

    private static void takeAlmostEverything(Path filler) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(filler.toFile(), "rw")) {
            byte[] page = new byte[4096];
            while (true) {
                file.write(page);
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("space");
        }
        try (RandomAccessFile file = new RandomAccessFile(filler.toFile(), "rw")) {
            file.setLength(file.length() - LEFT_BYTES);
        }
    }

    @ParameterizedTest
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName(
            "is full refuses what it leads and says why; what others lead is written as before; it has all of it soon after there is room again, and was never stopped")
    void full(String wal) throws IOException {
        FaultTools.need("mount", "-t", "tmpfs", "-o", "size=128m", "none", home().toString());
        tools.undoBy("umount", "-l", home().toString());
        start(wal);
        long led = 0;
        long followed = 0;
        write(members.tenant(1, LED), led);
        led += BATCH;
        Path filler = home().resolve("filler");
        takeAlmostEverything(filler);
        TidalException refusal = null;
        for (int i = 0; i < BATCHES_WHILE_FULL; i++) {
            write(members.tenant(2, FOLLOWED), followed);
            followed += BATCH;
            long from = led;
            TidalException refused =
                    catchThrowableOfType(TidalException.class, () -> write(members.tenant(2, LED), from));
            if (refused == null) {
                led += BATCH;
            } else {
                assertThat(refused.code()).as(refused.getMessage()).isEqualTo(ErrorCode.STORAGE_FULL);
                refusal = refused;
            }
        }
        assertThat(refusal).hasMessageContaining("free some space");
        assertThat(members.tenant(0, LED).read("view", 1, ReadOptions.DEFAULT).count())
                .isOne();
        Files.delete(filler);
        for (int member = 0; member < Members.FOUNDERS; member++) {
            write(members.tenant(member, LED), led);
            led += BATCH;
            write(members.tenant(member, FOLLOWED), followed);
            followed += BATCH;
        }
        for (int member = 0; member < Members.FOUNDERS; member++) {
            awaitAll(member, LED, led);
            awaitAll(member, FOLLOWED, followed);
        }
    }

    @ParameterizedTest
    @MethodSource("io.tidaldb.it.Cell#durableStores")
    @DisplayName(
            "fails at once says that it must be opened again, and leads no more: others lead, and what is tried again through them is there once; opened again it has all of it")
    void dies(String wal) throws Exception {
        Path image = directory.resolve("disk.img");
        FaultTools.need("truncate", "-s", "512M", image.toString());
        FaultTools.need("mkfs.ext4", "-q", "-F", image.toString());
        String device = FaultTools.need("losetup", "-f", "--show", image.toString());
        tools.undoBy("losetup", "-d", device);
        FaultTools.need("mount", device, home().toString());
        tools.undoBy("umount", "-l", home().toString());
        start(wal);
        long written = 0;
        for (; written < 20; written++) {
            insist(members.node(1 + (int) written % 2), written);
        }
        CrashCyclesTest.shutDown(home());
        CompletableFuture<TidalException> failure =
                members.node(FAILING).failure().toCompletableFuture();
        for (; written < 40; written++) {
            insist(members.node(1 + (int) written % 2), written);
        }
        assertThat(members.tenant(1, LED).placement().get(0)).isNotEqualTo(ReplicaId.parse("r0:s0"));
        assertThat(failure.get(2, TimeUnit.MINUTES).code()).isEqualTo(ErrorCode.STORE_FAILED);
        members.kill(FAILING);
        FaultTools.run("umount", home().toString());
        FaultTools.run("mount", device, home().toString());
        members.start(FAILING);
        write(members.tenant(0, FOLLOWED), 0);
        for (int member = 0; member < Members.FOUNDERS; member++) {
            awaitAll(member, LED, written);
            awaitAll(member, FOLLOWED, BATCH);
        }
    }
}
