package io.tidaldb.wal.file;

import io.tidaldb.testkit.fuzz.FuzzContract;
import org.junit.jupiter.api.DisplayName;

@DisplayName("What the store reads of its journal")
class JournalFuzzTest extends FuzzContract {

    JournalFuzzTest() {
        super(JournalDecoder.class);
    }
}
