package com.example.forage;

import io.tidaldb.core.Tidal;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.apache.commons.math3.random.Well19937c;

/** A personalised feed on one page: {@code Forage [SOURCES [DATA [PORT]]]}. */
public final class Forage {

    private Forage() {}

    /** Serves until the process is ended. */
    public static void main(String[] args) throws IOException, InterruptedException {
        Path directory = Path.of(args.length > 0 ? args[0] : "sources");
        Path data = Path.of(args.length > 1 ? args[1] : "data");
        int port = args.length > 2 ? Integer.parseInt(args[2]) : 8080;
        Sources sources = new Sources(directory, Labels.standard());
        try (Tidal tidal = open(Tidal.builder().dataDir(data));
                Page page =
                        new Page(new Feed(tidal, sources::items, new Bandit(new Well19937c())), sources::items, port)) {
            System.out.println("http://127.0.0.1:" + page.port() + "/?user=1");
            CountDownLatch end = new CountDownLatch(1);
            Runtime.getRuntime().addShutdownHook(new Thread(tidal::close));
            end.await();
        }
    }

    /** Tastes fade in weeks; what was merely shown is forgotten sooner, so that it may come back. */
    static Tidal open(io.tidaldb.core.TidalBuilder builder) {
        return builder.signal("liked", Duration.ofDays(21))
                .signal("shown", Duration.ofDays(7))
                .open();
    }
}
