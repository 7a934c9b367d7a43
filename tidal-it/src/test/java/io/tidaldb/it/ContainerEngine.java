package io.tidaldb.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/**
 * Docker or Podman, by the command that both have alike. What is made through it is removed by {@link #close}, the newest first. Nothing is
 * fetched: images are built from a base that was made on this machine, so there is no helper image either.
 */
final class ContainerEngine implements AutoCloseable {

    private static final String BASE = "tidal-base:local";

    private final String program;
    private final String prefix = "tidal-it-" + ProcessHandle.current().pid() + "-";
    private final Deque<List<String>> undo = new ArrayDeque<>();

    private ContainerEngine(String program) {
        this.program = program;
    }

    /** Returns an engine that answers; skips the test, in one line, where there is none or what is run in it was not packaged. */
    static ContainerEngine open() {
        if (Repository.files(Repository.root().resolve("tidal-server/target"), ".jar").stream()
                .noneMatch(jar -> jar.getFileName().toString().startsWith("tidal-server-"))) {
            throw skip("tidal-server is not packaged");
        }
        String self = String.valueOf(ProcessHandle.current().pid());
        for (String program : List.of("docker", "podman")) {
            if (Outcome.of(List.of(program, "info")).code() == 0
                    && Outcome.of(List.of("nsenter", "-t", self, "-n", "iptables", "-S"))
                                    .code()
                            == 0) {
                return new ContainerEngine(program);
            }
        }
        throw skip("no container engine answers here, or its networks can't be cut");
    }

    private static RuntimeException skip(String why) {
        System.out.println("containers: skipped, " + why);
        return Assumptions.<RuntimeException>abort("skipped: " + why);
    }

    private static String must(List<String> command) {
        Outcome outcome = Outcome.of(command);
        if (outcome.code() != 0) {
            throw new IllegalStateException(String.join(" ", command) + " failed: " + outcome.text());
        }
        return outcome.text();
    }

    /** Runs a command of the engine that must succeed; returns what it printed. */
    String run(String... words) {
        List<String> command = new ArrayList<>(List.of(program));
        command.addAll(List.of(words));
        return must(command);
    }

    /** Lets a container stand still. Its control group can't always be frozen at once on a busy machine, and says so: then it goes on. */
    void pause(String container) {
        Await.until(() -> Outcome.of(List.of(program, "pause", container)).code() == 0);
    }

    /** Returns a name that no other run of the tests uses. */
    String name(String plain) {
        return prefix + plain;
    }

    /** Builds the image of the working copy on a base that is made here unless there is one, and returns its name. */
    String image() {
        String base = System.getProperty("tidal.base.image", BASE);
        if (Outcome.of(List.of(program, "image", "inspect", base)).code() != 0) {
            must(List.of(
                    "env",
                    "DOCKER=" + program,
                    Repository.root().resolve("deploy/docker/base-image").toString(),
                    base));
        }
        String image = name("image");
        run(
                "build",
                "-q",
                "--build-arg",
                "BASE_IMAGE=" + base,
                "-t",
                image,
                Repository.root().toString());
        undo.push(List.of("rmi", "-f", image));
        return image;
    }

    /** Builds the image of the version after another image's, and returns its name. */
    String nextImage(String image) {
        String next = name("next");
        run(
                "build",
                "-q",
                "--build-arg",
                "BASE_IMAGE=" + image,
                "-t",
                next,
                Repository.root().resolve("tidal-it/src/next").toString());
        undo.push(List.of("rmi", "-f", next));
        return next;
    }

    String network() {
        String network = name("network");
        run("network", "create", network);
        undo.push(List.of("network", "rm", network));
        return network;
    }

    /** Starts a container; the words are options, the image, and its command. */
    void start(String name, List<String> words) {
        undo.push(List.of("rm", "-f", "-v", name));
        List<String> command = new ArrayList<>(List.of("run", "-d", "--name", name));
        command.addAll(words);
        run(command.toArray(String[]::new));
    }

    void removeVolumeAtEnd(String volume) {
        undo.push(List.of("volume", "rm", "-f", volume));
    }

    /** Returns a part of what the engine knows of a container. */
    String inspect(String container, String template) {
        return run("inspect", "-f", template, container);
    }

    boolean isHealthy(String container) {
        return inspect(container, "{{.State.Health.Status}}").equals("healthy");
    }

    /** Runs a command in the network of a container, with the programs of this machine. */
    void inNetworkOf(String container, String... command) {
        List<String> words = new ArrayList<>(List.of("nsenter", "-t", inspect(container, "{{.State.Pid}}"), "-n"));
        words.addAll(List.of(command));
        must(words);
    }

    @Override
    public void close() {
        IllegalStateException first = null;
        while (!undo.isEmpty()) {
            try {
                run(undo.pop().toArray(String[]::new));
            } catch (IllegalStateException e) {
                first = first == null ? e : first;
            }
        }
        if (first != null) {
            throw new UncheckedIOException(new IOException(first));
        }
    }
}
