package io.tidaldb.core.migration;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.cluster.LocalCluster;
import io.tidaldb.core.cluster.RemoteCalls;
import io.tidaldb.core.control.ControlPlane;
import io.tidaldb.core.control.MigrationRecord;
import io.tidaldb.core.remote.Answer;
import io.tidaldb.core.remote.Call;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How far migrations are, by the word of the nodes that see to them. */
public record MoveFigures(
        ControlPlane control,
        LocalCluster cluster,
        @Nullable RemoteCalls calls,
        MoveCoordinator here) {

    private static final Logger LOG = LoggerFactory.getLogger(MoveFigures.class);
    private static final Duration DEADLINE = Duration.ofSeconds(1);

    /**
     * Asks; nothing is known of those whose nodes do not answer.
     *
     * @param await waits for an answer
     */
    public Map<Long, Answer.Figure> of(
            List<MigrationRecord> records, Function<CompletableFuture<Answer.Figured>, Answer.Figured> await) {
        SortedSet<NodeId> elsewhere = records.stream()
                .filter(each -> !each.state().isOver())
                .map(each -> cluster.nameOf(each.active()))
                .filter(node -> !cluster.isLocal(node))
                .collect(Collectors.toCollection(TreeSet::new));
        List<CompletableFuture<Answer.Figured>> asked = new ArrayList<>();
        asked.add(here.figures());
        RemoteCalls remote = calls;
        if (remote != null) {
            elsewhere.forEach(
                    node -> asked.add(remote.ask(node, index -> new Call.Moves(0, 0), Answer.Figured.class, DEADLINE)));
        }
        Map<Long, Answer.Figure> figures = new TreeMap<>();
        for (CompletableFuture<Answer.Figured> each : asked) {
            try {
                await.apply(each).figures().forEach(figure -> figures.put(figure.id(), figure));
            } catch (TidalException e) {
                // What is agreed is known all the same.
                LOG.debug("a node does not say how far its migrations are: {}", e.getMessage());
            }
        }
        return figures;
    }
}
