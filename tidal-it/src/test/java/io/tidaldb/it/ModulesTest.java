package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.PluginFactory;
import io.tidaldb.api.wal.WalStoreFactory;
import java.lang.module.ModuleFinder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What whoever puts the jars on the module path relies on. */
@DisplayName("The modules of Java")
class ModulesTest {

    private static final Pattern VERSION = Pattern.compile("<version>(.+?)</version>");

    private static Path sources(Path module) {
        return module.resolve("src/main/java");
    }

    private static List<Path> withSources() {
        return Repository.modules().stream()
                .filter(module -> Files.isDirectory(sources(module)))
                .toList();
    }

    @Test
    @DisplayName("have no package in common")
    void noSplitPackages() {
        SortedMap<String, List<String>> modules = new TreeMap<>();
        for (Path module : withSources()) {
            Repository.files(sources(module), "package-info.java").stream()
                    .map(file -> sources(module).relativize(file.getParent()).toString())
                    .forEach(name -> modules.computeIfAbsent(name, key -> new ArrayList<>())
                            .add(module.getFileName().toString()));
        }
        assertThat(modules).hasSizeGreaterThan(40);
        assertThat(modules.values()).allSatisfy(in -> assertThat(in).hasSize(1));
    }

    @Test
    @DisplayName("have names that do not follow from those of the jars")
    void names() {
        assertThat(withSources()).hasSizeGreaterThan(9).allSatisfy(module -> {
            boolean declared = Files.exists(sources(module).resolve("module-info.java"));
            boolean named = Repository.read(module.resolve("pom.xml")).contains("<Automatic-Module-Name>io.tidaldb.");
            assertThat(declared || named || module.endsWith("tidal-bench"))
                    .as("%s declares a module, or names one", module.getFileName())
                    .isTrue();
        });
    }

    @Test
    @DisplayName("provide on the module path what service files name on the class path")
    void services() {
        int named = 0;
        for (Path module : withSources()) {
            Path declaration = sources(module).resolve("module-info.java");
            if (Files.exists(declaration)) {
                String text = Repository.read(declaration);
                for (Path service :
                        Repository.files(module.resolve("src/main/resources/META-INF/services"), "Factory")) {
                    String provider = Repository.read(service).strip();
                    assertThat(text)
                            .contains("import " + service.getFileName() + ";", "import " + provider + ";")
                            .containsPattern("provides "
                                    + simple(service.getFileName().toString()) + " with\\s+" + simple(provider) + ";");
                    named++;
                }
            }
        }
        assertThat(named).isGreaterThan(6);
    }

    @Test
    @DisplayName("know their versions, though manifests do not count on the module path")
    void versions() throws ReflectiveOperationException {
        WalStoreFactory onClassPath = ServiceLoader.load(WalStoreFactory.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(factory -> factory.name().equals("file"))
                .findFirst()
                .orElseThrow();
        ModuleFinder jars = ModuleFinder.of(
                Repository.home(PluginFactory.class),
                Repository.home(onClassPath.getClass()),
                Repository.home(LoggerFactory.class));
        ModuleLayer boot = ModuleLayer.boot();
        ModuleLayer layer = boot.defineModulesWithOneLoader(
                boot.configuration().resolve(jars, ModuleFinder.of(), Set.of("io.tidaldb.wal.file")),
                ClassLoader.getPlatformClassLoader());
        ClassLoader loader = layer.findLoader("io.tidaldb.api");

        Object onModulePath = ServiceLoader.load(layer, loader.loadClass(WalStoreFactory.class.getName())).stream()
                .map(ServiceLoader.Provider::get)
                .findFirst()
                .orElseThrow();
        assertThat(onModulePath.getClass().getModule().getName()).isEqualTo("io.tidaldb.wal.file");
        assertThat(loader.loadClass(PluginFactory.class.getName())
                        .getMethod("version")
                        .invoke(onModulePath))
                .isEqualTo(Repository.extractAll(Repository.root().resolve("pom.xml"), VERSION)
                        .get(0));
    }

    private static String simple(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }
}
