package io.tidaldb.core;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.TidalException;
import io.tidaldb.testkit.fuzz.Decoder;
import io.tidaldb.testkit.fuzz.FuzzContract;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("What reads bytes from elsewhere")
class DecoderFuzzTest extends FuzzContract {

    DecoderFuzzTest() {
        super(CoreDecoder.class);
    }

    /** Fails for one input of very many, which no mutation finds that does not look at the code. */
    enum BrokenDecoder implements Decoder {
        BROKEN;

        @Override
        public List<byte[]> examples() {
            return List.of(new byte[8]);
        }

        @Override
        public void read(byte[] bytes) {
            if (bytes.length < 8) {
                throw TidalException.invalid("too short");
            }
            if (bytes[0] == 'T' && bytes[1] == 'I' && bytes[2] == 'D' && bytes[3] == 'L') {
                throw new IllegalStateException("broken");
            }
        }
    }

    @Test
    @DisplayName("control: a decoder that is broken for one input in four thousand million is found out")
    void findsABrokenDecoder(@TempDir Path work) throws Exception {
        assertThat(isFound(BrokenDecoder.BROKEN, 1_000_000, work)).isTrue();
    }
}
