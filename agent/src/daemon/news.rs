//! What the controller tells at once, beside its answers to heartbeats. It is only a reason to send the next heartbeat now.

use muster_proto::v1;
use muster_proto::v1::node_client::NodeClient;
use tonic::{Response, Streaming};

use super::connect::Wire;

/// The stream of one connection, while there is one.
#[derive(Debug, Default)]
pub(crate) struct News(Option<Streaming<v1::WatchResponse>>);

impl News {
    /// Until the controller tells that this node is to be something else than it was in `generation`, or has something to ask. A controller, or a way to
    /// it, that does not carry that is asked once with each call, so no more often than heartbeats go. Can be dropped
    /// at any time: what was told and not heeded comes again with the next stream, or with the heartbeat.
    pub(crate) async fn of_other(&mut self, generation: u64, client: &mut NodeClient<Wire>) {
        if self.0.is_none() {
            let asked = client.watch(v1::WatchRequest { generation }).await;
            self.0 = asked.ok().map(Response::into_inner);
        }
        while let Some(stream) = &mut self.0 {
            match stream.message().await {
                Ok(Some(told)) => {
                    let is_known = |desired: v1::DesiredState| desired.generation == generation;
                    if told.beat || !told.desired.is_none_or(is_known) {
                        return;
                    }
                }
                Ok(None) | Err(_) => self.0 = None,
            }
        }
        std::future::pending::<()>().await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use tokio::sync::mpsc;
    use tokio_stream::wrappers::ReceiverStream;
    use tonic::body::Body;
    use tonic::codegen::http;
    use tonic::{Request, Status};
    use tower::ServiceExt;

    use super::*;

    type Told = Result<v1::WatchResponse, Status>;

    /// A controller that only has streams, as many as it is given.
    #[derive(Clone, Default)]
    struct Center {
        streams: Arc<Mutex<Vec<mpsc::Receiver<Told>>>>,
        asked: Arc<AtomicU32>,
    }

    impl Center {
        fn stream(&self) -> mpsc::Sender<Told> {
            let (sender, receiver) = mpsc::channel(8);
            self.streams.lock().unwrap().insert(0, receiver);
            sender
        }

        fn client(&self) -> NodeClient<Wire> {
            let server = v1::node_server::NodeServer::new(self.clone());
            let never = |never: std::convert::Infallible| -> Status { match never {} };
            let wire = ServiceExt::<http::Request<Body>>::map_err(server, never);
            NodeClient::new(Wire::new(wire))
        }

        fn asked(&self) -> u32 {
            self.asked.load(Ordering::Relaxed)
        }
    }

    fn unwanted<T>() -> Result<Response<T>, Status> {
        Err(Status::unimplemented("only watches"))
    }

    #[tonic::async_trait]
    impl v1::node_server::Node for Center {
        type WatchStream = ReceiverStream<Told>;

        async fn watch(
            &self,
            _: Request<v1::WatchRequest>,
        ) -> Result<Response<Self::WatchStream>, Status> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            match self.streams.lock().unwrap().pop() {
                Some(stream) => Ok(Response::new(ReceiverStream::new(stream))),
                None => unwanted(),
            }
        }

        async fn heartbeat(
            &self,
            _: Request<v1::HeartbeatRequest>,
        ) -> Result<Response<v1::HeartbeatResponse>, Status> {
            unwanted()
        }

        async fn report_inventory(
            &self,
            _: Request<v1::ReportInventoryRequest>,
        ) -> Result<Response<v1::ReportInventoryResponse>, Status> {
            unwanted()
        }

        async fn report_workloads(
            &self,
            _: Request<v1::ReportWorkloadsRequest>,
        ) -> Result<Response<v1::ReportWorkloadsResponse>, Status> {
            unwanted()
        }

        async fn deliver_events(
            &self,
            _: Request<v1::DeliverEventsRequest>,
        ) -> Result<Response<v1::DeliverEventsResponse>, Status> {
            unwanted()
        }

        async fn renew_certificate(
            &self,
            _: Request<v1::RenewCertificateRequest>,
        ) -> Result<Response<v1::RenewCertificateResponse>, Status> {
            unwanted()
        }
    }

    fn told(generation: u64) -> Told {
        Ok(v1::WatchResponse {
            desired: Some(v1::DesiredState {
                generation,
                ..Default::default()
            }),
            beat: false,
        })
    }

    async fn is_told(news: &mut News, client: &mut NodeClient<Wire>, generation: u64) -> bool {
        let soon = Duration::from_millis(50);
        let waited = tokio::time::timeout(soon, news.of_other(generation, client)).await;
        waited.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_new_is_told_and_what_is_known_is_not() {
        let center = Center::default();
        let stream = center.stream();
        let (mut news, mut client) = (News::default(), center.client());
        assert!(!is_told(&mut news, &mut client, 4).await);
        stream.send(told(4)).await.unwrap();
        assert!(!is_told(&mut news, &mut client, 4).await);
        stream.send(told(5)).await.unwrap();
        assert!(is_told(&mut news, &mut client, 4).await);
        assert!(!is_told(&mut news, &mut client, 5).await);
        let asked = told(5).map(|told| v1::WatchResponse { beat: true, ..told });
        stream.send(asked).await.unwrap();
        assert!(is_told(&mut news, &mut client, 5).await);
        assert!(!is_told(&mut news, &mut client, 5).await, "asked once");
        assert_eq!(
            center.asked(),
            1,
            "the stream stays open between heartbeats"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_stream_it_is_asked_for_one_with_each_heartbeat_and_no_sooner() {
        let center = Center::default();
        let (mut news, mut client) = (News::default(), center.client());
        for heartbeat in 1..4 {
            assert!(!is_told(&mut news, &mut client, 4).await);
            assert_eq!(center.asked(), heartbeat);
        }
        let stream = center.stream();
        stream
            .send(Err(Status::permission_denied("removed")))
            .await
            .unwrap();
        assert!(
            !is_told(&mut news, &mut client, 4).await,
            "an error is no news"
        );
        assert_eq!(center.asked(), 4);
        let stream = center.stream();
        stream.send(told(5)).await.unwrap();
        assert!(is_told(&mut news, &mut client, 4).await);
    }
}
