package io.tidaldb.control.ratis;

import io.tidaldb.api.control.ControlLogFactory;
import io.tidaldb.testkit.ControlLogGroupContract;
import org.junit.jupiter.api.parallel.Execution;
import org.junit.jupiter.api.parallel.ExecutionMode;

@Execution(ExecutionMode.CONCURRENT)
class RatisControlLogContractTest extends ControlLogGroupContract {

    @Override
    protected ControlLogFactory factory() {
        return new RatisControlLogFactory();
    }

    @Override
    protected boolean worksWithoutDirectory() {
        return false;
    }
}
