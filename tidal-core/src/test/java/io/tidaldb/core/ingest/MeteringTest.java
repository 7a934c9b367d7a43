package io.tidaldb.core.ingest;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Origin;
import io.tidaldb.api.RegionId;
import io.tidaldb.api.ShardId;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.wal.RecordKind;
import io.tidaldb.api.wal.WalBatch;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("F-06 metering")
class MeteringTest {

    private static final long HOUR_MILLIS = 3_600_000;

    @Test
    @DisplayName("F-06 counts signals and bytes by hour; records of other kinds count as bytes alone")
    void countsByHour() {
        Metering metering = new Metering();
        metering.add(batch(RecordKind.SIGNALS, 10, 3));
        metering.add(batch(RecordKind.SIGNALS, 10, 4));
        metering.add(batch(RecordKind.CONTROL, 10, 1));
        metering.add(batch(RecordKind.SIGNALS, 12, 5));
        assertThat(metering.hours())
                .containsOnlyKeys(10L, 12L)
                .containsEntry(10L, new Metering.Amount(7, 3 * WalBatch.HEADER_BYTES + 80))
                .containsEntry(12L, new Metering.Amount(5, WalBatch.HEADER_BYTES + 50));
        assertThat(metering.before()).isEqualTo(Metering.Amount.NONE);
    }

    @Test
    @DisplayName("F-06 old hours become one sum, in whatever order their batches come")
    void doesNotDependOnOrder() {
        List<WalBatch> batches = new ArrayList<>();
        for (int hour = 0; hour < 2000; hour += 7) {
            batches.add(batch(RecordKind.SIGNALS, hour, 1 + hour % 5));
        }
        Metering inOrder = new Metering();
        batches.forEach(inOrder::add);
        for (int seed = 0; seed < 20; seed++) {
            Collections.shuffle(batches, new Random(seed));
            Metering shuffled = new Metering();
            Metering other = new Metering();
            for (int i = 0; i < batches.size(); i++) {
                (i % 2 == 0 ? shuffled : other).add(batches.get(i));
            }
            shuffled.addAll(other);
            assertThat(shuffled.hours()).as("seed %d", seed).isEqualTo(inOrder.hours());
            assertThat(shuffled.before()).as("seed %d", seed).isEqualTo(inOrder.before());
        }
        assertThat(inOrder.hours()).hasSizeLessThanOrEqualTo(35 * 24);
        assertThat(inOrder.before().signals()
                        + inOrder.hours().values().stream()
                                .mapToLong(Metering.Amount::signals)
                                .sum())
                .isEqualTo(batches.stream().mapToLong(WalBatch::count).sum());
    }

    @Test
    @DisplayName("F-06 survives a checkpoint as it was")
    void survivesCheckpoint() throws IOException {
        Metering written = new Metering();
        for (int hour = 0; hour < 1000; hour++) {
            written.add(batch(RecordKind.SIGNALS, hour, 2));
        }
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        written.writeTo(new DataOutputStream(bytes));
        Metering read = new Metering();
        read.readFrom(new DataInputStream(new ByteArrayInputStream(bytes.toByteArray())));
        assertThat(read.hours()).isEqualTo(written.hours());
        assertThat(read.before()).isEqualTo(written.before());
    }

    private static WalBatch batch(RecordKind kind, long hour, int count) {
        ByteBuffer bytes =
                ByteBuffer.allocate(WalBatch.HEADER_BYTES + count * 10).order(ByteOrder.LITTLE_ENDIAN);
        Origin origin = new Origin(RegionId.of(0), ShardId.of(0), 0);
        WalBatch.writeHeader(bytes, kind, 0, 1, count, count * 10, TenantId.of(1), origin, hour * HOUR_MILLIS << 16);
        return WalBatch.seal(bytes, 0);
    }
}
