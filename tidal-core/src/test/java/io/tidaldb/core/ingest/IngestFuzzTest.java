package io.tidaldb.core.ingest;

import io.tidaldb.testkit.fuzz.FuzzContract;
import org.junit.jupiter.api.DisplayName;

@DisplayName("What a replica takes from another one in place of its logs")
class IngestFuzzTest extends FuzzContract {

    IngestFuzzTest() {
        super(StateDecoder.class);
    }
}
