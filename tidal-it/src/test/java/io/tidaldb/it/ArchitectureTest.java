package io.tidaldb.it;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.GeneralCodingRules.ACCESS_STANDARD_STREAMS;
import static com.tngtech.archunit.library.GeneralCodingRules.THROW_GENERIC_EXCEPTIONS;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.annotation.JsonTypeResolver;
import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import io.tidaldb.api.PluginFactory;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("Architecture")
class ArchitectureTest {

    private static final List<String> CHECKED = List.of(
            "tidal-api",
            "tidal-core",
            "tidal-wal-file",
            "tidal-wal-rocks",
            "tidal-transport-inproc",
            "tidal-transport-netty",
            "tidal-control-ratis",
            "tidal-server",
            "tidal-it");

    private static final List<String> FAULTS = List.of(
            "io.tidaldb.transport.inproc.InprocNetwork",
            "io.tidaldb.transport.inproc.LinkFaults",
            "io.tidaldb.transport.inproc.Fate");

    private static final String API = "io.tidaldb.api..";
    private static final String CORE = "io.tidaldb.core..";
    private static final String RUNTIME = "io.tidaldb.core.runtime..";
    private static final String SERVER = "io.tidaldb.server..";
    private static final String SIMULATION = "io.tidaldb.it.sim..";
    private static final String[] BACKENDS = {"io.tidaldb.wal..", "io.tidaldb.transport..", "io.tidaldb.control.."};

    private static final JavaClasses CLASSES = new ClassFileImporter()
            .importPaths(Repository.modules().stream()
                    .filter(module -> CHECKED.contains(module.getFileName().toString()))
                    .map(module -> module.resolve("target").resolve("classes"))
                    .filter(Files::isDirectory)
                    .toList());

    @Test
    @DisplayName("the API depends on the JDK, JSpecify and itself")
    void apiStandsAlone() {
        check(
                50,
                API,
                classes()
                        .that()
                        .resideInAPackage(API)
                        .should()
                        .onlyDependOnClassesThat(in(API, "java..", "org.jspecify..")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"io.tidaldb.wal.file..", "io.tidaldb.transport.inproc.."})
    @DisplayName("a backend depends on the API, the JDK, SLF4J and JSpecify")
    void backendsDependOnTheApi(String backend) {
        check(
                1,
                backend,
                classes()
                        .that()
                        .resideInAPackage(backend)
                        .should()
                        .onlyDependOnClassesThat(in(backend, API, "java..", "org.slf4j..", "org.jspecify..")));
    }

    @Test
    @DisplayName("the RocksDB store depends on RocksDB besides, and nothing else does")
    void rocksDbStaysInItsBackend() {
        String backend = "io.tidaldb.wal.rocks..";
        check(
                1,
                backend,
                classes()
                        .that()
                        .resideInAPackage(backend)
                        .should()
                        .onlyDependOnClassesThat(
                                in(backend, API, "java..", "org.slf4j..", "org.jspecify..", "org.rocksdb..")));
        check(
                70,
                "io.tidaldb..",
                noClasses().that().resideOutsideOfPackage(backend).should().dependOnClassesThat(in("org.rocksdb..")));
    }

    @Test
    @DisplayName("the transport over TCP depends on the API, the JDK, SLF4J, JSpecify and Netty")
    void nettyDependsOnTheApi() {
        String netty = "io.tidaldb.transport.netty..";
        check(
                20,
                netty,
                classes()
                        .that()
                        .resideInAPackage(netty)
                        .should()
                        .onlyDependOnClassesThat(in(
                                netty,
                                API,
                                "java..",
                                "javax.net.ssl..",
                                "org.slf4j..",
                                "org.jspecify..",
                                "io.netty..")));
    }

    @Test
    @DisplayName("Netty is seen by its transport only, and nothing of its inside")
    void nettyStaysInItsTransport() {
        check(
                70,
                "io.tidaldb..",
                noClasses()
                        .that()
                        .resideOutsideOfPackage("io.tidaldb.transport.netty..")
                        .should()
                        .dependOnClassesThat(in("io.netty..")));
        check(
                20,
                "io.tidaldb.transport.netty..",
                noClasses().should().dependOnClassesThat(in("io.netty.util.internal..")));
    }

    @Test
    @DisplayName(
            "the control log of several nodes depends on the API, the JDK, SLF4J, JSpecify and Ratis, which nothing else sees")
    void ratisStaysInItsControlLog() {
        String ratis = "io.tidaldb.control.ratis..";
        check(
                15,
                ratis,
                classes()
                        .that()
                        .resideInAPackage(ratis)
                        .should()
                        .onlyDependOnClassesThat(
                                in(ratis, API, "java..", "org.slf4j..", "org.jspecify..", "org.apache.ratis..")));
        check(
                70,
                "io.tidaldb..",
                noClasses()
                        .that()
                        .resideOutsideOfPackage(ratis)
                        .should()
                        .dependOnClassesThat(in("org.apache.ratis..")));
        check(
                15,
                ratis,
                noClasses()
                        .should()
                        .dependOnClassesThat(in(
                                "org.apache.ratis.thirdparty.io..",
                                "org.apache.ratis.grpc..",
                                "org.apache.ratis.netty..")));
    }

    @Test
    @DisplayName("Parquet is seen by the exports that write it only, and Hadoop by nobody")
    void parquetStaysInItsExports() {
        String parquet = "io.tidaldb.server.parquet..";
        check(
                70,
                "io.tidaldb..",
                noClasses()
                        .that()
                        .resideOutsideOfPackage(parquet)
                        .should()
                        .dependOnClassesThat(in("org.apache.parquet..")));
        check(3, parquet, noClasses().should().dependOnClassesThat(in("org.apache.hadoop..")));
    }

    @Test
    @DisplayName("core names no type of a backend, of the server or of the testkit")
    void coreNamesNoBackend() {
        check(
                20,
                CORE,
                noClasses()
                        .that()
                        .resideInAPackage(CORE)
                        .should()
                        .dependOnClassesThat(in(
                                "io.tidaldb.wal..",
                                "io.tidaldb.transport..",
                                "io.tidaldb.control..",
                                SERVER,
                                "io.tidaldb.testkit..")));
    }

    @Test
    @DisplayName("Guice is seen by core.wiring and the server only")
    void guiceStaysInWiring() {
        check(
                70,
                "io.tidaldb..",
                noClasses()
                        .that()
                        .resideOutsideOfPackages("io.tidaldb.core.wiring..", SERVER)
                        .should()
                        .dependOnClassesThat(in("com.google.inject..", "jakarta.inject..", "com.google.common..")));
    }

    @Test
    @DisplayName("ServiceLoader is used by core.plugin only")
    void serviceLoaderStaysInPlugin() {
        check(
                70,
                "io.tidaldb..",
                noClasses()
                        .that()
                        .resideOutsideOfPackage("io.tidaldb.core.plugin..")
                        .should()
                        .accessTargetWhere(owner(java.util.ServiceLoader.class)));
    }

    @Test
    @DisplayName("in a backend only the factory is public, and final, but for what injects faults")
    void backendsHideEverythingButTheirFactory() {
        check(
                1,
                "io.tidaldb.wal..",
                classes()
                        .that()
                        .resideInAnyPackage(BACKENDS)
                        .and(describe("are visible from outside", ArchitectureTest::isVisible))
                        .and(describe(
                                "inject no faults", type -> FAULTS.stream().noneMatch(type.getName()::startsWith)))
                        .should()
                        .beAssignableTo(PluginFactory.class)
                        .andShould()
                        .haveModifier(JavaModifier.FINAL)
                        .allowEmptyShould(true));
    }

    @Test
    @DisplayName("no package depends on itself by way of another")
    void noPackageCycles() {
        // An interface is nothing without what opens it: the builder in io.tidaldb.core gives its settings to the
        // packages that implement what io.tidaldb.core declares. Every other type there is held to the rule.
        check(
                70,
                "io.tidaldb..",
                slices().matching("io.tidaldb.(**)")
                        .should()
                        .beFreeOfCycles()
                        .ignoreDependency(
                                describe(
                                        "the builder",
                                        type -> type.getName().startsWith("io.tidaldb.core.TidalBuilder")),
                                resideInAnyPackage(CORE)));
    }

    @Test
    @DisplayName("every package says @NullMarked")
    void everyPackageIsNullMarked() {
        TreeSet<String> unmarked = new TreeSet<>();
        for (JavaClass type : CLASSES) {
            if (!type.getPackageName().isEmpty() && !type.getPackage().isAnnotatedWith(NullMarked.class)) {
                unmarked.add(type.getPackageName());
            }
        }
        assertThat(CLASSES.size()).isGreaterThan(70);
        assertThat(unmarked)
                .as("packages without @NullMarked in their package-info.java")
                .isEmpty();
    }

    @Test
    @DisplayName("core reads no clock outside its runtime package, and the simulation none")
    void coreReadsNoClock() {
        checkDeterministic(method(System.class, "currentTimeMillis", "nanoTime")
                .or(method("java\\.time\\..*", "now"))
                .or(method(java.time.Clock.class, "system.*", "tick.*")));
    }

    @Test
    @DisplayName("core starts no thread outside its runtime package, and the simulation none")
    void coreStartsNoThread() {
        checkDeterministic(
                method(Thread.class, "<init>", "start", "startVirtualThread", "sleep", "ofVirtual", "ofPlatform")
                        .or(owner(java.util.concurrent.Executors.class))
                        .or(method(java.util.concurrent.ThreadPoolExecutor.class, "<init>"))
                        .or(method(java.util.concurrent.ScheduledThreadPoolExecutor.class, "<init>"))
                        .or(owner(java.util.concurrent.ForkJoinPool.class))
                        .or(owner(java.util.Timer.class))
                        .or(method(java.util.Collection.class, "parallelStream")));
    }

    @Test
    @DisplayName("core draws no random number outside its runtime package, and the simulation none but its own")
    void coreDrawsNoRandomNumber() {
        checkDeterministic(owner(java.util.Random.class)
                .or(owner(java.util.concurrent.ThreadLocalRandom.class))
                .or(owner(java.util.SplittableRandom.class))
                .or(owner(java.security.SecureRandom.class))
                .or(method(java.util.UUID.class, "randomUUID"))
                .or(method(Math.class, "random"))
                .or(method(StrictMath.class, "random")));
    }

    @Test
    @DisplayName("core and the simulation iterate over nothing whose order differs from one JVM to the next")
    void coreIteratesInOrder() {
        checkDeterministic(method(java.util.Set.class, "of", "copyOf")
                .or(method(java.util.Map.class, "of", "copyOf", "ofEntries"))
                .or(method(java.util.stream.Collectors.class, "toUnmodifiableSet", "toUnmodifiableMap"))
                .or(method(System.class, "identityHashCode"))
                .or(owner(java.util.IdentityHashMap.class)));
    }

    @Test
    @DisplayName("standard streams belong to the command line")
    void onlyTheServerPrints() {
        check(
                70,
                "io.tidaldb..",
                noClasses().that().resideOutsideOfPackage(SERVER).should(ACCESS_STANDARD_STREAMS));
    }

    @Test
    @DisplayName("no failure is thrown without a code")
    void noGenericExceptions() {
        check(70, "io.tidaldb..", noClasses().should(THROW_GENERIC_EXCEPTIONS));
    }

    @Test
    @DisplayName("no byte is read or written by Java serialization")
    void noJavaSerialization() {
        check(
                70,
                "io.tidaldb..",
                noClasses()
                        .should()
                        .accessTargetWhere(
                                owner(java.io.ObjectInputStream.class).or(owner(java.io.ObjectOutputStream.class))));
    }

    @Test
    @DisplayName("no JSON says of which class it is")
    void noPolymorphicJson() {
        check(
                70,
                "io.tidaldb..",
                noClasses()
                        .should()
                        .accessTargetWhere(method(
                                "com\\.fasterxml\\.jackson\\.databind\\..*",
                                "activateDefaultTyping.*",
                                "enableDefaultTyping.*",
                                "setDefaultTyping")));
        check(
                70,
                "io.tidaldb..",
                noClasses().should().dependOnClassesThat().belongToAnyOf(JsonTypeInfo.class, JsonTypeResolver.class));
    }

    @Test
    @DisplayName("secrets are compared in constant time")
    void secretsAreComparedInConstantTime() {
        check(
                5,
                "io.tidaldb.server.auth..",
                noClasses()
                        .that()
                        .resideInAPackage("io.tidaldb.server.auth..")
                        .should()
                        .accessTargetWhere(method(Arrays.class, "equals", "compare", "mismatch")));
    }

    @Test
    @DisplayName("every queue is bounded")
    void everyQueueIsBounded() {
        check(
                70,
                "io.tidaldb..",
                noClasses()
                        .should()
                        .accessTargetWhere(unboundedConstructor(java.util.concurrent.LinkedBlockingQueue.class)
                                .or(unboundedConstructor(java.util.concurrent.LinkedBlockingDeque.class))
                                .or(owner(java.util.concurrent.LinkedTransferQueue.class))
                                .or(method(
                                        java.util.concurrent.Executors.class,
                                        "newCachedThreadPool",
                                        "newFixedThreadPool",
                                        "newSingleThreadExecutor"))));
    }

    @Test
    @DisplayName("commands of the cluster are records")
    void commandsAreRecords() {
        check(
                20,
                CORE,
                classes()
                        .that()
                        .resideInAPackage(CORE)
                        .and()
                        .areNotInterfaces()
                        .and(describe(
                                "are commands",
                                type -> type.getAllRawInterfaces().stream()
                                        .anyMatch(
                                                parent -> parent.getSimpleName().endsWith("Command"))))
                        .should()
                        .beRecords()
                        .allowEmptyShould(true));
    }

    @Test
    @DisplayName("a type is named for what it is")
    void noEmptyWordsInNames() {
        check(70, "io.tidaldb..", noClasses().should().haveNameMatching(".*(Manager|Utils?|Helper|Impl|Data)(\\$.*)?"));
    }

    private static void checkDeterministic(DescribedPredicate<JavaAccess<?>> banned) {
        check(
                20,
                CORE,
                noClasses()
                        .that()
                        .resideInAPackage(CORE)
                        .and()
                        .resideOutsideOfPackage(RUNTIME)
                        .should()
                        .accessTargetWhere(banned));
        check(
                10,
                SIMULATION,
                noClasses().that().resideInAPackage(SIMULATION).should().accessTargetWhere(banned));
    }

    /** Checks a rule, and that there were this many classes at least: a rule over nothing always holds. */
    private static void check(int atLeast, String packages, ArchRule rule) {
        assertThat(CLASSES.stream().filter(in(packages)).count())
                .as("classes in %s", packages)
                .isGreaterThanOrEqualTo(atLeast);
        rule.check(CLASSES);
    }

    private static boolean isVisible(JavaClass type) {
        Optional<JavaClass> enclosing = type.getEnclosingClass();
        return type.getModifiers().contains(JavaModifier.PUBLIC)
                && enclosing.map(ArchitectureTest::isVisible).orElse(true);
    }

    private static DescribedPredicate<JavaClass> in(String... packages) {
        return resideInAnyPackage(packages);
    }

    private static DescribedPredicate<JavaAccess<?>> owner(Class<?> type) {
        return describe(
                type.getSimpleName(),
                access -> access.getTargetOwner().getName().equals(type.getName()));
    }

    private static DescribedPredicate<JavaAccess<?>> method(Class<?> type, String... names) {
        return method(Pattern.quote(type.getName()), names);
    }

    private static DescribedPredicate<JavaAccess<?>> method(String typePattern, String... namePatterns) {
        Pattern type = Pattern.compile(typePattern);
        Pattern name = Pattern.compile(String.join("|", namePatterns));
        return describe(
                typePattern + " " + Arrays.toString(namePatterns),
                access -> type.matcher(access.getTargetOwner().getName()).matches()
                        && name.matcher(access.getTarget().getName()).matches());
    }

    private static DescribedPredicate<JavaAccess<?>> unboundedConstructor(Class<?> queue) {
        return describe(
                "unbounded " + queue.getSimpleName(),
                access -> access.getTarget().getFullName().equals(queue.getName() + ".<init>()"));
    }
}
