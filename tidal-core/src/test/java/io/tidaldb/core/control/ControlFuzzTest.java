package io.tidaldb.core.control;

import io.tidaldb.testkit.fuzz.FuzzContract;
import org.junit.jupiter.api.DisplayName;

@DisplayName("What is read of the control log")
class ControlFuzzTest extends FuzzContract {

    ControlFuzzTest() {
        super(ControlDecoder.class);
    }
}
