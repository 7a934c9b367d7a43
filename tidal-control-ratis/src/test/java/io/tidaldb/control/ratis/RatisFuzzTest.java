package io.tidaldb.control.ratis;

import io.tidaldb.testkit.fuzz.FuzzContract;
import org.junit.jupiter.api.DisplayName;

@DisplayName("What the agreed log reads")
class RatisFuzzTest extends FuzzContract {

    RatisFuzzTest() {
        super(RatisDecoder.class);
    }
}
