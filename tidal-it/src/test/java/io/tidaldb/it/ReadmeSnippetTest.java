package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringWriter;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The README")
class ReadmeSnippetTest {

    private static final Pattern SNIPPET = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    private static final String PROGRAM = """
            import io.tidaldb.api.*;
            import io.tidaldb.core.*;
            import java.nio.file.Path;
            import java.time.Duration;
            import java.util.List;

            public final class Snippet {
                public static void run(Path dir) throws Exception {
            %s
                }
            }
            """;

    @TempDir
    Path work;

    @Test
    @DisplayName("has Java examples that compile and run as they stand")
    void examplesCompileAndRun() throws Exception {
        List<String> snippets = Repository.extractAll(Repository.root().resolve("README.md"), SNIPPET);
        assertThat(snippets).hasSizeGreaterThan(1);
        for (String snippet : snippets) {
            compile(PROGRAM.formatted(snippet));
            try (URLClassLoader loader =
                    new URLClassLoader(new URL[] {work.toUri().toURL()})) {
                loader.loadClass("Snippet").getMethod("run", Path.class).invoke(null, work.resolve("data"));
            }
        }
    }

    private void compile(String program) throws Exception {
        Path source = Files.writeString(work.resolve("Snippet.java"), program);
        JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
        assertThat(compiler).as("a compiler: the tests need a JDK").isNotNull();
        StringWriter messages = new StringWriter();
        try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
            boolean compiled = compiler.getTask(
                            messages,
                            files,
                            null,
                            List.of(
                                    "-d",
                                    work.toString(),
                                    "-cp",
                                    System.getProperty("java.class.path"),
                                    "--release",
                                    "17"),
                            null,
                            files.getJavaFileObjects(source))
                    .call();
            assertThat(compiled).as("%s%n%s", messages, program).isTrue();
        }
    }
}
