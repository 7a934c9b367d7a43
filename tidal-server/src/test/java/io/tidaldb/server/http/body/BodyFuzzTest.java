package io.tidaldb.server.http.body;

import io.tidaldb.testkit.fuzz.FuzzContract;
import org.junit.jupiter.api.DisplayName;

@DisplayName("What clients send over HTTP")
class BodyFuzzTest extends FuzzContract {

    BodyFuzzTest() {
        super(BodyDecoder.class);
    }
}
