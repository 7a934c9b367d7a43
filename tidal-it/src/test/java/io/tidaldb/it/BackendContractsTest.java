package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.ArchConfiguration;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import io.tidaldb.api.PluginFactory;
import io.tidaldb.api.control.ControlLogFactory;
import io.tidaldb.api.key.KeyVaultFactory;
import io.tidaldb.api.limit.RateLimiterFactory;
import io.tidaldb.api.placement.PlacementPolicyFactory;
import io.tidaldb.api.transport.TransportFactory;
import io.tidaldb.api.wal.WalStoreFactory;
import io.tidaldb.core.plugin.PluginCatalog;
import io.tidaldb.core.plugin.PluginDescription;
import io.tidaldb.testkit.ControlLogContract;
import io.tidaldb.testkit.DurableWalStoreContract;
import io.tidaldb.testkit.KeyVaultContract;
import io.tidaldb.testkit.PlacementPolicyContract;
import io.tidaldb.testkit.RateLimiterContract;
import io.tidaldb.testkit.TransportContract;
import io.tidaldb.testkit.WalStoreContract;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Reads the service files in the sources of all modules, and the compiled tests beside them. */
@DisplayName("Every backend of the build")
class BackendContractsTest {

    private static final Map<String, Class<? extends PluginFactory>> KINDS = Map.of(
            "wal", WalStoreFactory.class,
            "transport", TransportFactory.class,
            "limiter", RateLimiterFactory.class,
            "placement", PlacementPolicyFactory.class,
            "control", ControlLogFactory.class,
            "keys", KeyVaultFactory.class);

    private static final Map<Path, JavaClasses> IMPORTED = new HashMap<>();

    /** A backend that the service loader found. */
    private record Backend(String kind, String name, PluginFactory factory) {

        static Backend of(PluginCatalog catalog, PluginDescription found) {
            return new Backend(
                    found.kind(),
                    found.name(),
                    catalog.choose(Objects.requireNonNull(KINDS.get(found.kind())), found.name()));
        }

        Class<?> contract() {
            return switch (kind) {
                case "wal" ->
                    ((WalStoreFactory) factory).durable() ? DurableWalStoreContract.class : WalStoreContract.class;
                case "transport" -> TransportContract.class;
                case "limiter" -> RateLimiterContract.class;
                case "placement" -> PlacementPolicyContract.class;
                case "keys" -> KeyVaultContract.class;
                default -> ControlLogContract.class;
            };
        }

        @Override
        public String toString() {
            return kind + " " + name;
        }
    }

    private static Stream<Backend> backends() {
        try (PluginCatalog catalog = PluginCatalog.discover(null)) {
            return catalog.list().stream().map(found -> Backend.of(catalog, found)).toList().stream();
        }
    }

    /** Returns the modules by the factories that their service files name. */
    private static Map<String, Path> modules() {
        Map<String, Path> modules = new TreeMap<>();
        for (Path module : Repository.modules()) {
            for (String resources : new String[] {"src/main/resources", "src/test/resources"}) {
                Repository.files(module.resolve(resources).resolve("META-INF/services"), "Factory").stream()
                        .flatMap(file -> Repository.read(file).lines())
                        .map(line -> line.replaceFirst("#.*", "").strip())
                        .filter(line -> !line.isEmpty())
                        .forEach(factory -> modules.put(factory, module));
            }
        }
        return modules;
    }

    @Test
    @DisplayName("R-81: is found, so that the matrix runs on it")
    void isFound() {
        assertThat(backends().map(backend -> backend.factory.getClass().getName()))
                .as("factories on the class path of tidal-it, and those that service files name")
                .containsExactlyInAnyOrderElementsOf(modules().keySet());
        assertThat(backends().map(Backend::kind).distinct()).containsExactlyInAnyOrderElementsOf(KINDS.keySet());
    }

    /** Returns tests and the suites that they may extend; what else they depend on does not matter and would take long to read. */
    private static JavaClasses imported(Path tests) {
        Path suites = Repository.root().resolve("tidal-testkit/target/classes");
        return IMPORTED.computeIfAbsent(
                tests,
                path -> ArchConfiguration.withThreadLocalScope((ArchConfiguration scope) -> {
                    scope.setResolveMissingDependenciesFromClassPath(false);
                    return new ClassFileImporter().importPaths(path, suites);
                }));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("backends")
    @DisplayName("R-30: runs its contract suite, in the tests of its own module")
    void runsItsContract(Backend backend) {
        String factory = backend.factory.getClass().getName();
        Path module = Objects.requireNonNull(modules().get(factory), "module of " + factory);
        Path tests = module.resolve("target").resolve("test-classes");
        assertThat(tests).as("compiled tests of %s: build it with -am", module).isDirectory();
        Stream<JavaClass> suites = imported(tests).stream()
                .filter(type -> type.isAssignableTo(backend.contract()))
                .filter(type -> !type.getModifiers().contains(JavaModifier.ABSTRACT))
                .filter(type -> type.getSimpleName().endsWith("Test"))
                .filter(type -> type.getDirectDependenciesFromSelf().stream()
                        .anyMatch(dependency ->
                                dependency.getTargetClass().getName().equals(factory)));
        assertThat(suites)
                .as(
                        "tests in %s that extend %s and make a %s",
                        module.getFileName(),
                        backend.contract().getSimpleName(),
                        backend.factory.getClass().getSimpleName())
                .isNotEmpty();
    }
}
