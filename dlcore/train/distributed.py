"""Data parallelism: a process has a copy of the model, and its own examples.

A batch is cut into shards of one size. The mean of their gradients is that of the batch, for every
model that judges each example alone; so processes that average their gradients before each step
keep the same parameters, and no parameters are ever sent. A batch norm does not judge alone: its
mean and variance are those of a shard. The same is `DistributedDataParallel` in PyTorch [Li2020]_.

Chapter: book/norm.md.
"""

from functools import partial
from multiprocessing import get_context

import numpy as np

from dlcore.nn.layer import named_parameters, named_weights
from dlcore.ops.loss import cross_entropy
from dlcore.train.objective import loss_and_grads

SECONDS = 60.0  # that a process waits for the others, before it gives up


def shard(batch, rank, count):
    """Return part `rank` of `count` equal parts of a batch, a tuple of arrays.

    Raises ValueError where the parts would not be of one size: the mean of their means is then
    not the mean of the batch.

    >>> shard((np.arange(6), np.arange(6) * 10), 1, 3)
    (array([2, 3]), array([20, 30]))
    """
    N = len(batch[0])
    if N % count:
        raise ValueError(
            f"shard: the batch has {N} examples for {count} processes, use a multiple of {count}"
        )
    size = N // count
    return tuple(array[rank * size : (rank + 1) * size] for array in batch)


def mean_of_shards(model, x, t, count, *, loss_fn=cross_entropy, rng=None):
    """Return the mean loss and the mean gradients of equal shards of a batch, one by one.

    Raises ValueError where the shards would not be of one size.

    >>> from dlcore import nn
    >>> model = nn.Linear(3, 2, rng=np.random.default_rng(0), std=0.0)
    >>> mean_of_shards(model, np.ones((4, 3)), np.zeros(4, int), 2)[1]["b"]
    array([-0.5,  0.5])
    """
    parts = [
        loss_and_grads(model, loss_fn, *shard((x, t), rank, count), rng) for rank in range(count)
    ]
    losses, grads = zip(*parts, strict=True)
    mean = {name: sum(each[name] for each in grads) / count for name in grads[0]}
    return sum(losses) / count, mean


class SharedMean:
    """The mean of one vector of each process, through memory that they share.

    Each process writes a row, waits until all have, and adds the rows in the same order: the
    result has the same bits everywhere. It waits again, before anyone may write the next row.
    """

    def __init__(self, context, count, size):
        self.shape = count, size
        self.memory = context.RawArray("d", count * size)
        self.barrier = context.Barrier(count, timeout=SECONDS)

    def mean(self, rank, vector):
        """Return the mean of the vectors of all processes.

        Raises BrokenBarrierError when one of them is missing for a minute.
        """
        rows = np.frombuffer(self.memory).reshape(self.shape)
        rows[rank] = vector
        self.barrier.wait()
        mean = rows.sum(axis=0) / len(rows)
        self.barrier.wait()
        return mean


def flat(arrays):
    """Join named arrays to one vector.

    >>> flat({"w": np.ones((2, 1)), "b": np.zeros(1)})
    array([1., 1., 0.])
    """
    return np.concatenate([array.ravel() for array in arrays.values()])


def unflat(vector, arrays):
    """Cut a vector into named arrays, of the shapes of others.

    >>> unflat(np.arange(3.0), {"w": np.ones((2, 1)), "b": np.zeros(1)})["b"]
    array([2.])
    """
    ends = np.cumsum([array.size for array in arrays.values()])
    parts = np.split(vector, ends[:-1])
    return {
        name: part.reshape(array.shape).astype(array.dtype)
        for (name, array), part in zip(arrays.items(), parts, strict=True)
    }


def replica(rank, average, build, optimizer, batches):
    """Train one of the copies of a model; return its parameters, and its losses."""
    model, losses = build(), []
    parameters, rng = named_parameters(model), np.random.default_rng(rank)
    for batch in batches:
        x, t = shard(batch, rank, average.shape[0])
        loss, grads = loss_and_grads(model, cross_entropy, x, t, rng)
        grads = unflat(average.mean(rank, flat(grads)), grads)
        optimizer.step(parameters, grads, weights=named_weights(model))
        losses.append(loss)
    return parameters, losses


def send_replica(pipe, *arguments):
    """Train a copy, and send what came of it, or why it failed."""
    try:
        pipe.send(replica(*arguments))
    except Exception as error:
        pipe.send(error)


def train_replicas(build, optimizer, batches, *, count=2):
    """Train copies of a model in `count` processes, each on its shard of every batch (x, t).

    ``build()`` returns the model, with the same parameters in every process; it is sent there,
    with the optimizer and the batches, and must be a function of a module. Returns the parameters
    and the losses of every copy: the parameters have the same bits. Raises ValueError where a batch
    cannot be cut into equal shards, and what a process has raised.
    """
    for batch in batches:
        shard(batch, 0, count)
    context = get_context("spawn")  # a forked child would have none of the threads of its kernels
    size = sum(array.size for array in named_parameters(build()).values())
    average = SharedMean(context, count, size)
    begin = partial(begin_replica, context, average, build, optimizer, batches)
    processes, pipes = zip(*map(begin, range(count)), strict=True)
    try:
        found = [pipe.recv() for pipe in pipes]
    finally:
        for process in processes:
            process.terminate()
            process.join()
    for result in found:
        if isinstance(result, Exception):
            raise result
    return found


def begin_replica(context, average, build, optimizer, batches, rank):
    """Start the process of one copy; return it with the end of the pipe that it writes to."""
    ours, theirs = context.Pipe(duplex=False)
    arguments = theirs, rank, average, build, optimizer, batches
    process = context.Process(target=send_replica, args=arguments, daemon=True)
    process.start()
    theirs.close()
    return process, ours
