"""What can be wrong with what was given, with this machine, or with what a teacher or a training made of it.

Every exception of the package that is meant for a user derives from `SqlReasonError`, beside the builtin that it always
was; its message says what was given, what is accepted and what to do, and is all that the command line shows of it
(`failures`). Whatever else ends a run is a fault of the program. The tree, indented under what a class derives from:

    SqlReasonError
        BadInput                errors                                 a parameter, entry, file or table cannot be used
            PromptOverBudget    reasoning.prompts                      a schema stays too long for a prompt
            SchemaError         sql.parsing.tables                     a text is no schema that can be made
            DatabaseError       sql.database_files                     no question can be asked about a database
            SourceError         synthesis.schema.readers               a database cannot be read
            SchemaFileError     synthesis.schema.annotated_schema      a schema file breaks the notation
            NothingFits         synthesis.queries.grammar              the mix has no query for a schema
            JournalError        teachers.journal.journal               a file is no journal of this version
            CheckpointError     students.checkpoints.checkpoint        a base model is missing or out of reach
            ChatError           students.checkpoints.chat_templates    a chat template cannot be used as it is
            AdapterError        students.checkpoints.adapter           an adapter is for another model, or torn
            VocabularyError     students.checkpoints.shared_vocabulary  two models do not share their tokens
            CertificationError  rewards.certification                  rewards do not tell right from wrong
            GgufError           exports.gguf_families                  a model cannot be written as GGUF
                NoGgufError     exports.gguf_families                  this program writes no GGUF of such a model
        TeacherError            teachers.asking                        too many questions were left unanswered
        TrainingError           students.training.trainer_arguments    a training would not do what was asked
        UnslothError            students.training.unsloth_backend      unsloth cannot be used here
        ChildError              students.training.launch               a child or rank of a training failed
        WorkerError             sql.sandbox.process                    no worker comes up that could run a query
        GoldError               students.evaluation                    gold queries do not agree with themselves
        LlamaCppError           exports.llama_server                   llama.cpp cannot load a file, or has died
            Refused             exports.llama_server                   llama.cpp's server refuses a request
        QuantizingError         exports.quantizing                     llama.cpp did not round a tensor as asked
        ExportError             pipelines.export.nodes                 an export scores worse than its source

Signals between modules, which no run ever ends with, stand outside it:

    EngineError                 sql.sandbox.worker.outcomes            a statement did not run
    WorkerDied                  sql.sandbox.process                    a worker has ended; another is started
    OverBudget                  sql.databases.preparation_budget       a question costs too much to prepare
    _Foreign                    sql.databases.cache                    a file is no cache; it is set aside
    Unreadable                  sql.parsing.check_constraints          a CHECK is too involved to be read
    UnreadableReply             teachers.clients.replies               an answer holds no text; its row fails
    UnstorableEntry             teachers.journal.journal               no file can hold an answer; its row fails
    Unsuitable                  synthesis.schema.annotated_schema      a kind does not fit; another is tried
"""


class SqlReasonError(Exception):
    """Something that a user can mend; the message says what and how."""


class BadInput(SqlReasonError, ValueError):
    """Something that the user gave cannot be used: a parameter, a catalog entry, a file, a table, an argument."""
