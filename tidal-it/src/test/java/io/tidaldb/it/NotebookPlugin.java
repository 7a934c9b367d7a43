package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.Spi;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * A third party's log store, "notebook": compiled from {@code examples/notebook-wal} against the API
 * alone, and packed as its author would pack it.
 */
final class NotebookPlugin {

    private static final String SERVICE = "META-INF/services/io.tidaldb.api.wal.WalStoreFactory";

    private final Path sources;
    private final Path services;
    private final Path classes;
    private final List<String> classPath =
            new ArrayList<>(List.of(Repository.home(Spi.class).toString()));
    private boolean service = true;

    /** Begins with a copy of the sources, in a directory for this plugin alone. */
    NotebookPlugin(Path work) throws IOException {
        Files.createDirectories(work);
        Path project = Repository.root().resolve("examples/notebook-wal/src/main");
        sources = Trees.copy(project.resolve("java"), work.resolve("sources"));
        services = project.resolve("resources");
        classes = Files.createDirectories(work.resolve("classes"));
    }

    /** Changes the text of the factory. */
    NotebookPlugin factory(String from, String to) throws IOException {
        Path file = sources.resolve("com/example/notebook/NotebookWalStoreFactory.java");
        String text = Files.readString(file);
        assertThat(text).contains(from);
        Files.writeString(file, text.replace(from, to));
        return this;
    }

    /** Adds a library of the plugin's own. */
    NotebookPlugin library(String name, String source) throws IOException {
        Path file = sources.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(file, source);
        return this;
    }

    /** Compiles against another version of the interfaces than this build's. */
    NotebookPlugin against(int spiVersion) throws IOException {
        Path other = Files.createDirectories(classes.resolveSibling("api"));
        Path source = Files.writeString(
                other.resolve("Spi.java"),
                "package io.tidaldb.api; public final class Spi { public static final int VERSION = " + spiVersion
                        + "; }");
        compile(List.of(source), other);
        classPath.add(0, other.toString());
        return this;
    }

    NotebookPlugin withoutServiceFile() {
        service = false;
        return this;
    }

    /** Compiles and packs it. */
    Path jar(Path target) throws IOException {
        compile(Repository.files(sources, ".java"), classes);
        Files.createDirectories(target.getParent());
        try (JarOutputStream jar = new JarOutputStream(Files.newOutputStream(target))) {
            for (Path type : Trees.files(classes)) {
                add(jar, classes.relativize(type).toString(), type);
            }
            if (service) {
                add(jar, SERVICE, services.resolve(SERVICE));
            }
        }
        return target;
    }

    private static void add(JarOutputStream jar, String name, Path content) throws IOException {
        jar.putNextEntry(new JarEntry(name));
        Files.copy(content, jar);
    }

    private void compile(List<Path> files, Path target) throws IOException {
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        assertThat(compiler).as("a compiler: the tests need a JDK").isNotNull();
        StringWriter messages = new StringWriter();
        try (StandardJavaFileManager manager = compiler.getStandardFileManager(null, null, null)) {
            List<String> options = List.of(
                    "-d",
                    target.toString(),
                    "-proc:none",
                    "--release",
                    "17",
                    "-cp",
                    String.join(java.io.File.pathSeparator, classPath));
            assertThat(compiler.getTask(
                                    messages, manager, null, options, null, manager.getJavaFileObjectsFromPaths(files))
                            .call())
                    .as("%s", messages)
                    .isTrue();
        }
    }
}
