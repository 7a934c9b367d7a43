package io.tidaldb.core.plugin;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.jar.JarFile;
import java.util.stream.Stream;

/** Reads the plugins directory: every {@code X.jar}, and every directory with jars, is one plugin with a class loader of its own. */
final class PluginDirectory {

    private final Path directory;
    private final ClassLoader outside;
    private final List<PluginClassLoader> classLoaders = new ArrayList<>();

    PluginDirectory(Path directory, ClassLoader outside) {
        this.directory = directory;
        this.outside = outside;
    }

    /** @throws TidalException INVALID_CONFIGURATION if the directory can't be read */
    List<PluginCandidate> candidates() {
        List<PluginCandidate> found = new ArrayList<>();
        try {
            for (Path entry : children(directory)) {
                if (Files.isDirectory(entry)) {
                    found.addAll(plugin(entry, jars(entry)));
                } else if (isJar(entry)) {
                    found.addAll(plugin(entry, List.of(entry)));
                }
            }
        } catch (IOException e) {
            throw new TidalException(
                    ErrorCode.INVALID_CONFIGURATION,
                    "plugins directory " + directory
                            + (Files.isDirectory(directory) ? " can't be read: " + e.getMessage() : " does not exist")
                            + "; create it or leave it out",
                    e);
        }
        return found;
    }

    List<PluginClassLoader> classLoaders() {
        return List.copyOf(classLoaders);
    }

    private List<PluginCandidate> plugin(Path entry, List<Path> jars) throws IOException {
        String shown = directory.resolve(entry.getFileName()).toString();
        List<URL> urls = new ArrayList<>();
        for (Path jar : jars) {
            try (JarFile file = new JarFile(jar.toFile())) {
                urls.add(url(jar));
            } catch (IOException e) {
                // A class loader would silently take it for empty.
                return List.of(new PluginSource(shown, outside)
                        .refusedAsAWhole(jar.getFileName() + " is not a readable jar: " + e.getMessage()));
            }
        }
        PluginClassLoader classLoader = new PluginClassLoader(shown, urls.toArray(URL[]::new), outside);
        classLoaders.add(classLoader);
        PluginSource source = new PluginSource(shown, classLoader);
        List<PluginCandidate> found = source.candidates();
        if (found.isEmpty()) {
            return List.of(source.refusedAsAWhole("names no plugin: expected a file META-INF/services/"
                    + PluginKind.WAL.factory().getName() + " or the like in a jar"));
        }
        return found;
    }

    private static URL url(Path jar) throws MalformedURLException {
        return jar.toAbsolutePath().toUri().toURL();
    }

    private static List<Path> jars(Path directory) throws IOException {
        return children(directory).stream().filter(PluginDirectory::isJar).toList();
    }

    private static boolean isJar(Path file) {
        return file.getFileName().toString().endsWith(".jar");
    }

    /** In order of name, so that what is found does not depend on the file system. */
    private static List<Path> children(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.sorted().toList();
        }
    }
}
