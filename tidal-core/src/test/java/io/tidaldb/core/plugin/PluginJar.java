package io.tidaldb.core.plugin;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.placement.PlacementPolicyFactory;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;

/** Compiles a placement policy plugin and puts it into a jar. */
final class PluginJar {

    private final Path work;
    private String name = "\"custom\"";
    private String spiVersion = "io.tidaldb.api.Spi.VERSION";
    private String constructor = "";
    private boolean service = true;

    PluginJar(Path work) {
        this.work = work;
    }

    PluginJar name(String expression) {
        name = expression;
        return this;
    }

    PluginJar spiVersion(String expression) {
        spiVersion = expression;
        return this;
    }

    PluginJar constructor(String statements) {
        constructor = statements;
        return this;
    }

    PluginJar withoutServiceFile() {
        service = false;
        return this;
    }

    void writeTo(Path jar) throws IOException {
        Path classes = compile();
        Files.createDirectories(jar.getParent());
        try (OutputStream file = Files.newOutputStream(jar);
                JarOutputStream out = new JarOutputStream(file);
                Stream<Path> found = Files.walk(classes)) {
            for (Path type : found.filter(Files::isRegularFile).toList()) {
                out.putNextEntry(new JarEntry(classes.relativize(type).toString()));
                out.write(Files.readAllBytes(type));
            }
            if (service) {
                out.putNextEntry(new JarEntry("META-INF/services/" + PlacementPolicyFactory.class.getName()));
                out.write("plugin.CustomFactory\n".getBytes(StandardCharsets.UTF_8));
            }
        }
    }

    private Path compile() throws IOException {
        Path classes = Files.createTempDirectory(work, "classes");
        Path source = Files.createTempDirectory(work, "source").resolve("CustomFactory.java");
        Files.writeString(source, """
                package plugin;
                public final class CustomFactory implements io.tidaldb.api.placement.PlacementPolicyFactory {
                    public CustomFactory() { %s }
                    public String name() { return %s; }
                    public int spiVersion() { return %s; }
                    public io.tidaldb.api.placement.PlacementPolicy create() {
                        return request -> request.eligible().subList(0, request.slots());
                    }
                }
                """.formatted(constructor, name, spiVersion));
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        List<String> arguments = List.of(
                "--release",
                "17",
                "-proc:none",
                "-cp",
                System.getProperty("java.class.path", ""),
                "-d",
                classes.toString(),
                source.toString());
        assertThat(compiler.run(null, null, null, arguments.toArray(String[]::new)))
                .isZero();
        return classes;
    }
}
