package io.tidaldb.control.ratis;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.control.ControlEntry;
import io.tidaldb.api.control.ControlListener;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlLogContext;
import io.tidaldb.api.control.ControlLogFactory;
import io.tidaldb.api.control.ControlSnapshot;
import java.io.File;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** In a class loader of its own, of a plugins directory, while another copy of Ratis is on the class path. */
class PluginClassLoaderTest {

    @TempDir
    Path home;

    /** Sees the interfaces only, as a plugin's class loader does. */
    private static final class Isolated extends URLClassLoader {

        Isolated(URL[] jars) {
            super(jars, ClassLoader.getPlatformClassLoader());
        }

        @Override
        protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
            return name.startsWith("io.tidaldb.api.") || name.startsWith("org.slf4j.")
                    ? PluginClassLoaderTest.class.getClassLoader().loadClass(name)
                    : super.loadClass(name, resolve);
        }
    }

    @Test
    void worksThereWhateverTheCallersContextIs() throws Exception {
        List<URL> jars = new ArrayList<>();
        for (String entry : System.getProperty("java.class.path").split(File.pathSeparator, -1)) {
            if (!entry.contains("test-classes")) {
                jars.add(Path.of(entry).toUri().toURL());
            }
        }
        NodeId node = NodeId.of("n0");
        try (Isolated loader = new Isolated(jars.toArray(URL[]::new))) {
            Object made = loader.loadClass(RatisControlLogFactory.class.getName())
                    .getConstructor()
                    .newInstance();
            assertThat(made.getClass()).isNotEqualTo(RatisControlLogFactory.class);
            ControlLogContext context = new ControlLogContext(home, node, List.of(node));
            try (ControlLog log = ((ControlLogFactory) made).create(context)) {
                log.watch(new ControlListener() {
                    @Override
                    public void snapshot(ControlSnapshot snapshot) {}

                    @Override
                    public void committed(ControlEntry entry) {}
                });
                assertThat(log.propose(new byte[] {1}).toCompletableFuture().get(30, TimeUnit.SECONDS))
                        .isEqualTo(1);
            }
        }
    }
}
