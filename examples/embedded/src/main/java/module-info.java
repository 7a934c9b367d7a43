/** A program on the module path needs the library's module alone; the log store is found by its name. */
module com.example.embedded {
    requires io.tidaldb.core;
}
