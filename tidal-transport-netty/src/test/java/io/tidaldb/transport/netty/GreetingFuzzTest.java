package io.tidaldb.transport.netty;

import io.tidaldb.testkit.fuzz.FuzzContract;
import org.junit.jupiter.api.DisplayName;

@DisplayName("What another node says of itself")
class GreetingFuzzTest extends FuzzContract {

    GreetingFuzzTest() {
        super(NettyDecoder.class);
    }
}
