package io.tidaldb.bench;

import io.grpc.CallOptions;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.Server;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollIoHandler;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollServerSocketChannel;
import io.grpc.netty.shaded.io.netty.channel.epoll.EpollSocketChannel;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.ServerCalls;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * gRPC-Java as fast as its documentation says that it can be: direct executors, and bytes for messages, so that protobuf costs nothing.
 */
final class GrpcWire implements Wire {

    private static final int MAX_MESSAGE = 2 << 20;
    private static final MethodDescriptor.Marshaller<byte[]> BYTES = new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(byte[] value) {
            return new Message(value);
        }

        @Override
        public byte[] parse(InputStream stream) {
            try {
                return stream.readAllBytes();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    };

    /** Bytes that gRPC need not copy twice to find out how many there are. */
    private static final class Message extends ByteArrayInputStream implements KnownLength, Drainable {

        Message(byte[] value) {
            super(value);
        }

        @Override
        public int drainTo(OutputStream target) throws IOException {
            int bytes = available();
            target.write(buf, pos, bytes);
            pos = count;
            return bytes;
        }
    }

    private static final MethodDescriptor<byte[], byte[]> ASK = method("ask", MethodType.UNARY);
    private static final MethodDescriptor<byte[], byte[]> TALK = method("talk", MethodType.BIDI_STREAMING);
    private static final MethodDescriptor<byte[], byte[]> SEND = method("send", MethodType.CLIENT_STREAMING);

    private final byte[] question = new byte[QUESTION_BYTES];
    // A loop for each side, as two processes have: a shared one would spare what is measured.
    private final EventLoopGroup serverLoop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final EventLoopGroup clientLoop = new MultiThreadIoEventLoopGroup(1, EpollIoHandler.newFactory());
    private final Server server;
    private final ManagedChannel channel;
    private final boolean streaming;
    private final StreamObserver<byte[]> talk;
    private final Queue<Runnable> waiting = new ConcurrentLinkedQueue<>();

    /** @param streaming whether questions go on one long call, or each is a call of its own */
    GrpcWire(boolean streaming) throws IOException {
        this.streaming = streaming;
        server = NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
                .directExecutor()
                .bossEventLoopGroup(serverLoop)
                .workerEventLoopGroup(serverLoop)
                .channelType(EpollServerSocketChannel.class)
                .maxInboundMessageSize(MAX_MESSAGE)
                .addService(ServerServiceDefinition.builder("bench")
                        .addMethod(ASK, ServerCalls.asyncUnaryCall((asked, answers) -> {
                            answers.onNext(asked);
                            answers.onCompleted();
                        }))
                        .addMethod(TALK, ServerCalls.asyncBidiStreamingCall(Echo::new))
                        .addMethod(SEND, ServerCalls.asyncClientStreamingCall(Sink::new))
                        .build())
                .build()
                .start();
        channel = NettyChannelBuilder.forAddress("127.0.0.1", server.getPort())
                .directExecutor()
                .eventLoopGroup(clientLoop)
                .channelType(EpollSocketChannel.class)
                .usePlaintext()
                .build();
        talk = ClientCalls.asyncBidiStreamingCall(channel.newCall(TALK, CallOptions.DEFAULT), new Answers());
    }

    private static MethodDescriptor<byte[], byte[]> method(String name, MethodType type) {
        return MethodDescriptor.newBuilder(BYTES, BYTES)
                .setType(type)
                .setFullMethodName("bench/" + name)
                .build();
    }

    /** Sends everything back. */
    private record Echo(StreamObserver<byte[]> answers) implements StreamObserver<byte[]> {

        @Override
        public void onNext(byte[] value) {
            answers.onNext(value);
        }

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onCompleted() {
            answers.onCompleted();
        }
    }

    /** Answers when it has everything. */
    private record Sink(StreamObserver<byte[]> answers) implements StreamObserver<byte[]> {

        @Override
        public void onNext(byte[] value) {}

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onCompleted() {
            answers.onNext(new byte[0]);
            answers.onCompleted();
        }
    }

    private final class Answers implements StreamObserver<byte[]> {

        @Override
        public void onNext(byte[] value) {
            waiting.remove().run();
        }

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onCompleted() {}
    }

    /** The client's side of one long way. */
    private static final class Way implements ClientResponseObserver<byte[], byte[]> {

        final Semaphore ready = new Semaphore(0);
        final CountDownLatch arrived = new CountDownLatch(1);

        @Override
        public void beforeStart(ClientCallStreamObserver<byte[]> requests) {
            requests.setOnReadyHandler(ready::release);
        }

        @Override
        public void onNext(byte[] value) {
            arrived.countDown();
        }

        @Override
        public void onError(Throwable failure) {}

        @Override
        public void onCompleted() {}
    }

    @Override
    public void ask(Runnable answered) {
        if (streaming) {
            // One call is for one thread at a time, and answers come in the order of the questions.
            synchronized (talk) {
                waiting.add(answered);
                talk.onNext(question);
            }
            return;
        }
        ClientCalls.asyncUnaryCall(channel.newCall(ASK, CallOptions.DEFAULT), question, new StreamObserver<>() {
            @Override
            public void onNext(byte[] value) {}

            @Override
            public void onError(Throwable failure) {}

            @Override
            public void onCompleted() {
                answered.run();
            }
        });
    }

    @Override
    public void stream(int messages, int messageBytes) throws Exception {
        Way way = new Way();
        ClientCallStreamObserver<byte[]> requests = (ClientCallStreamObserver<byte[]>)
                ClientCalls.asyncClientStreamingCall(channel.newCall(SEND, CallOptions.DEFAULT), way);
        byte[] message = new byte[messageBytes];
        for (int i = 0; i < messages; i++) {
            while (!requests.isReady()) {
                if (!way.ready.tryAcquire(30, TimeUnit.SECONDS)) {
                    throw new IllegalStateException("no room for 30 s");
                }
            }
            requests.onNext(message);
        }
        requests.onCompleted();
        if (!way.arrived.await(60, TimeUnit.SECONDS)) {
            throw new IllegalStateException("messages are missing after 60 s");
        }
    }

    @Override
    public void close() throws InterruptedException {
        talk.onCompleted();
        channel.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
        server.shutdownNow().awaitTermination(5, TimeUnit.SECONDS);
        clientLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
        serverLoop.shutdownGracefully(0, 1, TimeUnit.SECONDS).sync();
    }
}
