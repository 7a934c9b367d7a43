package io.tidaldb.core;

import io.tidaldb.core.runtime.LoopBody;
import io.tidaldb.core.runtime.LoopFactory;
import io.tidaldb.core.runtime.LoopHandle;
import java.util.ArrayList;
import java.util.List;

/** Loops without threads: whoever wakes a loop runs it, unless the test holds them to let work pile up. One thread only. */
final class ManualLoops implements LoopFactory {

    private final List<Loop> loops = new ArrayList<>();
    private boolean held;

    @Override
    public LoopHandle start(String role, LoopBody body) {
        Loop loop = new Loop(body);
        loops.add(loop);
        return loop;
    }

    @Override
    public CallbackExecutor callbacks(String role) {
        return new CallbackExecutor() {
            @Override
            public void execute(Runnable task) {
                task.run();
            }

            @Override
            public void close() {}
        };
    }

    @Override
    public BackgroundExecutor background(String role) {
        return new BackgroundExecutor() {
            @Override
            public void execute(Runnable task) {
                task.run();
            }

            @Override
            public void close() {}
        };
    }

    void hold() {
        held = true;
    }

    /** Runs one turn of each loop while they are held. */
    void step() {
        List.copyOf(loops).forEach(loop -> loop.body.runOnce());
    }

    void release() {
        held = false;
        List.copyOf(loops).forEach(Loop::wake);
    }

    private final class Loop implements LoopHandle {

        private final LoopBody body;
        private boolean running;
        private boolean closed;

        Loop(LoopBody body) {
            this.body = body;
        }

        @Override
        public void wake() {
            if (held || running || closed) {
                return;
            }
            running = true;
            try {
                while (!closed && body.hasWork()) {
                    body.runOnce();
                }
            } finally {
                running = false;
            }
        }

        @Override
        public void close() {
            closed = true;
            loops.remove(this);
        }
    }
}
