package io.tidaldb.it.sim;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("R-52: Clients of a cluster under faults")
class ClientSimulation {

    private static final int USUAL = 20;

    @Test
    @DisplayName("what is acknowledged is there once, and nothing twice, whatever they had to try again")
    void eachOnce() {
        Seeds.run(ClientSimulation.class, USUAL, RandomClients::run);
    }
}
