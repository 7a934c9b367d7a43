package io.tidaldb.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("The documentation")
class ReadmeSnippetTest {

    private static final Pattern SNIPPET = Pattern.compile("(?ms)^```java\n(.*?)^```");

    private static final String PROGRAM = """
            import io.tidaldb.api.*;
            import io.tidaldb.core.*;
            import io.tidaldb.core.client.*;
            import io.tidaldb.it.sim.*;
            import java.nio.file.Path;
            import java.time.Duration;
            import java.util.List;
            import static org.assertj.core.api.Assertions.assertThat;

            public final class %s {
                // What the pages speak of without saying where it comes from.
                private static Tenant tenant;

                public static void run(Path dir) throws Exception {
            %s
                }
            }
            """;

    @TempDir
    Path work;

    @Test
    @DisplayName("has Java examples in the README and the start page that compile and run as they stand")
    void examplesCompileAndRun() throws Exception {
        List<String> snippets = Repository.extractAll(Repository.root().resolve("README.md"), SNIPPET);
        assertThat(snippets).hasSizeGreaterThan(1);
        for (String snippet : snippets) {
            compile(List.of(source("Snippet", PROGRAM.formatted("Snippet", snippet))));
            run("Snippet", "run", Path.class, work.resolve("data"));
        }
        String start = Repository.extractAll(Repository.root().resolve("docs/start.md"), SNIPPET)
                .get(0);
        compile(List.of(source("Start", start)));
        run("Start", "main", String[].class, new String[] {
            work.resolve("started").toString()
        });
    }

    @Test
    @DisplayName("has Java examples that compile on every other page")
    void othersCompile() throws Exception {
        List<Path> sources = new ArrayList<>();
        Path docs = Repository.root().resolve("docs");
        for (Path page : Repository.files(docs, ".md")) {
            // The start page has a whole program, which is run.
            for (String snippet :
                    page.endsWith("start.md") ? List.<String>of() : Repository.extractAll(page, SNIPPET)) {
                String name = "Page" + sources.size();
                sources.add(source(name, PROGRAM.formatted(name, snippet)));
            }
        }
        assertThat(sources).hasSizeGreaterThanOrEqualTo(5);
        compile(sources);
    }

    private void run(String type, String method, Class<?> parameter, Object argument) throws Exception {
        try (URLClassLoader loader = new URLClassLoader(new URL[] {work.toUri().toURL()})) {
            loader.loadClass(type).getMethod(method, parameter).invoke(null, argument);
        }
    }

    private Path source(String name, String text) throws IOException {
        return Files.writeString(work.resolve(name + ".java"), text);
    }

    private void compile(List<Path> sources) throws Exception {
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
                            files.getJavaFileObjectsFromPaths(sources))
                    .call();
            assertThat(compiled).as("%s", messages).isTrue();
        }
    }
}
