package io.tidaldb.server.importing;

import io.tidaldb.testkit.fuzz.FuzzContract;
import org.junit.jupiter.api.DisplayName;

@DisplayName("What is read of files of events")
class ImportFuzzTest extends FuzzContract {

    ImportFuzzTest() {
        super(ImportDecoder.class);
    }
}
