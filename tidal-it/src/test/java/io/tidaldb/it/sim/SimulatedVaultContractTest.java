package io.tidaldb.it.sim;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.key.KeyVaultFactory;
import io.tidaldb.testkit.KeyVaultContract;
import java.util.Random;

class SimulatedVaultContractTest extends KeyVaultContract {

    private final Random random = new Random(5);
    private final SimulatedVault vault =
            new SimulatedVault(new SimulatedWorld(1, Trace.off()).machine(NodeId.of("n0"), MachineProfile.DEFAULT));

    @Override
    protected KeyVaultFactory factory() {
        return vault;
    }

    @Override
    protected void addMasterKey(boolean own) {
        String owner = own ? OWN.toString() : SimulatedVault.SHARED;
        byte[] key = new byte[32];
        random.nextBytes(key);
        vault.add(owner, vault.newest(owner) + 1, key);
    }

    @Override
    protected AutoCloseable withoutOwnMasterKey() {
        vault.lock(OWN.toString());
        return () -> vault.unlock(OWN.toString());
    }

    @Override
    protected AutoCloseable exposedOwnMasterKey() {
        return withoutOwnMasterKey();
    }
}
