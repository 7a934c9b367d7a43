package io.tidaldb.core.ledger;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

class LedgerSnapshotTest {

    @Test
    void restoresTheSameBitsAndGoesOnWithTheSameBits() throws IOException {
        for (long seed = 1; seed <= 100; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            List<Event> events = Event.random(random, 2_000, 1 + random.nextInt(300), 6, true);
            List<Event> before = events.subList(0, random.nextInt(events.size()));
            List<Event> after = events.subList(before.size(), events.size());
            SignalLedger ledger = Event.fold(before);
            byte[] bytes = write(ledger);
            SignalLedger restored = read(bytes);
            assertThat(restored.digest(seed)).as("seed %s", seed).isEqualTo(ledger.digest(seed));
            assertThat(write(restored)).isEqualTo(bytes);
            ByteBuffer records = Event.records(after);
            ledger.applyAll(records, 0, after.size());
            restored.applyAll(records, 0, after.size());
            assertThat(restored.digest(seed)).as("seed %s", seed).isEqualTo(ledger.digest(seed));
            assertThat(write(restored)).isEqualTo(write(ledger));
            assertThat(restored.distinctEntities()).isEqualTo(ledger.distinctEntities());
            for (int signal = 0; signal < 6; signal++) {
                assertThat(restored.total(signal)).isEqualTo(ledger.total(signal));
                assertThat(restored.entities(signal)).isEqualTo(ledger.entities(signal));
            }
        }
    }

    @Test
    void restoresNothing() throws IOException {
        byte[] bytes = write(new SignalLedger(Event.DECAYS));
        assertThat(bytes).hasSize(LedgerSnapshot.HEADER_BYTES + Integer.BYTES);
        assertThat(read(bytes).distinctEntities()).isZero();
    }

    @Test
    void refusesASnapshotCutAnywhere() throws IOException {
        byte[] bytes = write(Event.fold(Event.random(new SplittableRandom(5), 200, 10, 3, true)));
        for (int length = 0; length < bytes.length; length++) {
            assertCorrupt(Arrays.copyOf(bytes, length));
        }
    }

    @Test
    void refusesAnyFlippedBit() throws IOException {
        byte[] bytes = write(Event.fold(Event.random(new SplittableRandom(6), 60, 5, 3, true)));
        for (int bit = 0; bit < 8 * bytes.length; bit++) {
            byte[] flipped = bytes.clone();
            flipped[bit / 8] ^= (byte) (1 << bit % 8);
            assertThatThrownBy(() -> read(flipped)).as("bit %s", bit).isInstanceOf(TidalException.class);
        }
    }

    @Test
    void neverCrashesOnAFlippedBitWhoseChecksumWasMadeToMatch() throws IOException {
        SignalLedger ledger = Event.fold(Event.random(new SplittableRandom(7), 60, 5, 3, true));
        byte[] bytes = write(ledger);
        StateDigest digest = ledger.digest(1);
        for (int bit = 0; bit < 8 * (bytes.length - Integer.BYTES); bit++) {
            byte[] forged = bytes.clone();
            forged[bit / 8] ^= (byte) (1 << bit % 8);
            seal(forged);
            try {
                SignalLedger read = read(forged);
                assertThat(read.digest(1)).as("bit %s", bit).isNotEqualTo(digest);
                read.apply(0, 0, 1, Event.START + Event.DAY);
                write(read);
            } catch (TidalException e) {
                assertThat(e.code()).isIn(ErrorCode.CORRUPT_DATA, ErrorCode.FORMAT_TOO_NEW);
            }
        }
    }

    @Test
    void doesNotBelieveANumberOfCells() throws IOException {
        byte[] bytes = write(Event.fold(List.of(new Event(1, 1, 1, Event.START))));
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(8, Long.MAX_VALUE);
        seal(bytes);
        assertCorrupt(bytes);
    }

    @Test
    void namesANewerFormat() throws IOException {
        byte[] bytes = write(new SignalLedger(Event.DECAYS));
        bytes[4] = 2;
        assertThatThrownBy(() -> read(bytes))
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.FORMAT_TOO_NEW));
    }

    private static void seal(byte[] bytes) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, 0, bytes.length - Integer.BYTES);
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(bytes.length - Integer.BYTES, (int)
                crc.getValue());
    }

    private static void assertCorrupt(byte[] bytes) {
        assertThatThrownBy(() -> read(bytes))
                .as("%s bytes", bytes.length)
                .isInstanceOfSatisfying(
                        TidalException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.CORRUPT_DATA));
    }

    private static byte[] write(SignalLedger ledger) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (FrozenLedger frozen = ledger.freeze()) {
            frozen.writeTo(new DataOutputStream(out));
        }
        return out.toByteArray();
    }

    private static SignalLedger read(byte[] bytes) throws IOException {
        return SignalLedger.readFrom(new DataInputStream(new ByteArrayInputStream(bytes)), Event.DECAYS);
    }
}
