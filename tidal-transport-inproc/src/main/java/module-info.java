import io.tidaldb.api.transport.TransportFactory;
import io.tidaldb.transport.inproc.InprocTransportFactory;

/** The transport "inproc", between nodes of one process, and the network under it, which tests disturb. */
module io.tidaldb.transport.inproc {
    requires transitive io.tidaldb.api;

    exports io.tidaldb.transport.inproc;

    provides TransportFactory with
            InprocTransportFactory;
}
